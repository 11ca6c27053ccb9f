// SPDX-License-Identifier: Apache-2.0
#include <signal.h>

#include <catch2/catch.hpp>
#include <chrono>
#include <filesystem>
#include <set>
#include <thread>

#include "builder/pipeline/digest.h"
#include "runtime/base/scope_exit.h"
#include "runtime/base/text.h"
#include "tests/integration/builder/build/build_bench.h"

namespace {

using namespace kata;
using test::BuildBench;
namespace fs = std::filesystem;

const std::vector<std::string> kStages = {"kernel", "programs", "image", "packages", "repo"};

/// Every element that a relationship names must be there, and every element be reached by one.
void check_sbom(const std::string& path) {
  INFO(path);
  const Json document = read_json_file(path);
  CHECK(document.at("spdxVersion") == "SPDX-2.3");
  std::set<std::string> ids = {document.at("SPDXID").get<std::string>()};
  for (const char* list : {"packages", "files"}) {
    for (const Json& element : document.at(list))
      CHECK(ids.insert(element.at("SPDXID").get<std::string>()).second);
  }
  std::set<std::string> reached = {document.at("SPDXID").get<std::string>()};
  std::set<std::pair<std::string, std::string>> pairs;
  for (const Json& relationship : document.at("relationships")) {
    const std::string from = relationship.at("spdxElementId").get<std::string>();
    const std::string to = relationship.at("relatedSpdxElement").get<std::string>();
    CHECK(ids.contains(from));
    CHECK(ids.contains(to));
    CHECK(pairs.insert({from, to}).second);
    reached.insert(to);
  }
  CHECK(reached == ids);
}

}  // namespace

TEST_CASE("one command makes a signed repository of sources, the next has nothing to do",
          "[build]") {
  const BuildBench bench;
  const CommandResult plan = bench.build({"--dry-run"});
  INFO(plan.error_output);
  REQUIRE(plan.status == 0);
  CHECK_THAT(plan.output, Catch::Contains("kernel    to do       to be built\n"));
  CHECK_FALSE(fs::exists(bench.path("out")));

  const CommandResult first = bench.build();
  INFO(first.error_output);
  REQUIRE(first.status == 0);
  for (const std::string& stage : kStages) CHECK(bench.stage(stage).at("state") == "built");
  CHECK_THAT(first.output, Catch::Contains("el9/x86_64 published: 5 packages, 5 new"));
  const CommandResult verified =
      bench.verify({bench.path("out/repo"), "--key", bench.path("out/repo/RPM-GPG-KEY-kata")});
  INFO(verified.output);
  CHECK(verified.status == 0);
  CHECK_THAT(read_file(bench.path("out/report.html")),
             Catch::Contains("<td class=\"stage\">kernel</td>"));
  CHECK(fs::exists(bench.path("out/repo/el9/x86_64/Packages/k")));

  const std::string snapshot = bench.latest();
  const CommandResult second = bench.build();
  INFO(second.error_output);
  REQUIRE(second.status == 0);
  for (const std::string& stage : kStages) {
    INFO(stage);
    CHECK(bench.stage(stage).at("state") == "up to date");
  }
  CHECK(bench.latest() == snapshot);
  CHECK(read_json_file(bench.path("out/report.json")).at("changes").empty());
  const CommandResult nothing = bench.build({"--dry-run"});
  for (const std::string& line : split_text(nothing.output))
    CHECK_THAT(line, Catch::Contains("up to date"));
}

TEST_CASE("what a release is made of is told in the repository", "[build]") {
  const BuildBench bench;
  const CommandResult result = bench.build();
  INFO(result.error_output);
  REQUIRE(result.status == 0);
  std::size_t packages = 0;
  for (const char* architecture : {"x86_64", "src"}) {
    const fs::path folder = bench.path(std::string("out/repo/el9/") + architecture + "/Packages");
    for (const auto& entry : fs::recursive_directory_iterator(folder)) {
      if (entry.path().extension() != ".rpm") continue;
      ++packages;
      check_sbom(entry.path().string() + ".spdx.json");
    }
  }
  CHECK(packages == 11);
  check_sbom(bench.latest() + "/build/kata-containers-initrd.spdx.json");
  const std::string kernel =
      bench.path("out/packages/el9/x86_64/kata-kernel-6.1.99-1.el9.x86_64.rpm.spdx.json");
  const Json component = read_json_file(kernel).at("packages").at(1);
  CHECK(component.at("name") == "linux");
  CHECK(component.at("versionInfo") == "6.1.99");
  CHECK(component.at("checksums").at(0).at("checksumValue") ==
        pipeline::sha256_of_file(bench.path("source/kernel/linux-6.1.99.tar.xz")));

  const std::string statement = bench.latest() + "/build/provenance.json";
  CHECK(fs::exists(statement + ".asc"));
  const Json provenance = read_json_file(statement);
  CHECK(provenance.at("predicateType") == "https://slsa.dev/provenance/v1");
  CHECK(provenance.at("subject").size() > 20);
  for (const Json& subject : provenance.at("subject"))
    CHECK(subject.at("digest").at("sha256") ==
          pipeline::sha256_of_file(bench.path("out/" + subject.at("name").get<std::string>())));
  // nothing of this machine, and not where the key is
  CHECK_THAT(read_file(statement), !Catch::Contains(bench.path("")) && !Catch::Contains("signing"));
}

TEST_CASE("a changed source is compiled, and only what it goes into is packaged", "[build]") {
  const BuildBench bench;
  REQUIRE(bench.build().status == 0);
  bench.write_program("two");
  const CommandResult plan = bench.build({"--dry-run"});
  CHECK_THAT(plan.output, Catch::Contains("programs  to do       6 steps to do") &&
                              Catch::Contains("image     waits"));
  // the same name and version, other bytes: what was published stays
  const CommandResult refused = bench.build();
  CHECK(refused.status == 1);
  CHECK_THAT(refused.error_output,
             Catch::Contains("has the same name and version but other bytes: raise the release"));
  CHECK(bench.stage("repo").at("state") == "failed");
  const CommandResult result = bench.build({"--package-release", "2"});
  INFO(result.error_output);
  REQUIRE(result.status == 0);
  CHECK(bench.stage("kernel").at("state") == "up to date");
  CHECK(fs::exists(bench.path("out/packages/el9/x86_64/kata-runtime-0.1.0-2.el9.x86_64.rpm")));
  bool told = false;
  const Json report = read_json_file(bench.path("out/report.json"));
  for (const Json& change : report.at("changes"))
    told = told || (change.at("path") == "programs/kata-agent" && change.at("what") == "changed");
  CHECK(told);
}

TEST_CASE("a stage that fails is in the report, and the next run goes on from there", "[build]") {
  const BuildBench bench;
  write_file(bench.path("source/runtime/main.c"), "int x = \n");
  const CommandResult failed = bench.build();
  CHECK(failed.status == 1);
  CHECK_THAT(failed.error_output, Catch::Contains("main.c:1") && Catch::Contains("error:"));
  CHECK(bench.stage("programs").at("state") == "failed");
  CHECK_THAT(bench.stage("programs").at("error").get<std::string>(), Catch::Contains("error:"));
  CHECK_FALSE(fs::exists(bench.path("out/repo")));
  bench.write_program("mended");
  const CommandResult result = bench.build();
  INFO(result.error_output);
  CHECK(result.status == 0);
  CHECK(bench.stage("kernel").at("state") == "up to date");
}

TEST_CASE("a killed build leaves no process and no half result", "[build]") {
  const BuildBench bench;
  const int number = GENERATE(SIGTERM, SIGKILL);
  write_file(bench.path("source/kernel/a.conf"),
             "CONFIG_PVH=y\nCONFIG_BLK_DEV_INITRD=y\nCONFIG_SLOW=y\n");
  ChildProcess build = spawn(bench.katabuild());
  const auto is_started = [&] {
    std::error_code error;
    for (auto it = fs::recursive_directory_iterator(bench.path("cache/work"), error);
         !error && it != fs::end(it); it.increment(error)) {
      if (it->path().filename() == "started") return true;
    }
    return false;
  };
  const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(60);
  while (!is_started()) {
    REQUIRE(std::chrono::steady_clock::now() < until);
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  build.signal(number);
  CHECK(build.wait() == 128 + number);
  // the guard ends the rest when katabuild could not: give it a moment
  const auto working_here = [&] {
    for (const auto& process : fs::directory_iterator("/proc")) {
      std::error_code error;
      const fs::path folder = fs::read_symlink(process.path() / "cwd", error);
      if (!error && folder.string().starts_with(bench.path("cache"))) return true;
    }
    return false;
  };
  const auto gone_by = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  while (working_here() && std::chrono::steady_clock::now() < gone_by)
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  CHECK_FALSE(working_here());
  CHECK_FALSE(fs::exists(bench.path("out/repo")));
  write_file(bench.path("source/kernel/a.conf"), "CONFIG_PVH=y\nCONFIG_BLK_DEV_INITRD=y\n");
  const CommandResult result = bench.build();
  INFO(result.error_output);
  CHECK(result.status == 0);
  CHECK(fs::is_empty(bench.path("cache/work")));
}

TEST_CASE("two builds of one output at once both end well", "[build]") {
  const BuildBench bench;
  std::vector<CommandResult> results(2);
  {
    std::vector<std::jthread> threads;
    for (CommandResult& result : results)
      threads.emplace_back([&bench, &result] { result = bench.build(); });
  }
  for (const CommandResult& result : results) {
    INFO(result.error_output);
    CHECK(result.status == 0);
  }
  CHECK(bench.verify({bench.path("out/repo")}).status == 0);
}

TEST_CASE("a program that watches gets every event, the error too", "[build]") {
  const BuildBench bench;
  write_file(bench.path("source/runtime/main.c"), "int x = \n");
  const CommandResult failed = bench.build({"--progress", "json"});
  CHECK(failed.status == 1);
  std::set<std::string> events;
  std::set<std::string> states;
  for (const std::string& line : split_text(failed.error_output)) {
    const Json event = parse_json(line, "event");
    CHECK(event.at("time").is_number());
    events.insert(event.at("event").get<std::string>());
    if (event.at("event") == "stage" && event.at("stage") == "programs")
      states.insert(event.at("state").get<std::string>());
  }
  CHECK(states == std::set<std::string>{"running", "failed"});
  CHECK(events.contains("begin"));
  CHECK(events.contains("error"));
}

TEST_CASE("a build's recipe that cannot be right is refused before anything is done", "[build]") {
  const BuildBench bench;
  struct Case {
    std::string more;
    std::string error;
    int status = 2;
  };
  const auto [more, error, status] = GENERATE_COPY(
      Case{"sining: {trial: true}\n",
           ":9:1: unknown key \"sining\" in a build's recipe: did you "
           "mean \"signing\"?"},
      Case{"releases: [el9]\n", "there is no key to sign with"},
      Case{"signing: {trial: true}\nreleases: [el8]\n", ":10:11: release el8 has no channel"},
      Case{"signing: {trial: true}\nkernel: nowhere.yaml\n", "nowhere.yaml", 1},
      Case{"signing: {trial: true}\nkernel: ../k.yaml\n", "leaves the recipe's folder"},
      Case{"signing: {trial: true}\nprograms: nowhere\n", "programs: there is no folder"});
  bench.write_recipe(more);
  const CommandResult result = bench.build();
  INFO(result.error_output);
  CHECK(result.status == status);
  CHECK_THAT(result.error_output, Catch::Contains(error));
  CHECK_FALSE(fs::exists(bench.path("out/repo")));
}
