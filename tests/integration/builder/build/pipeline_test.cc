// SPDX-License-Identifier: Apache-2.0
#include <signal.h>

#include <catch2/catch.hpp>
#include <chrono>
#include <filesystem>
#include <iterator>
#include <thread>

#include "tests/integration/builder/build/pipeline_bench.h"
#include "tests/integration/builder/package_shelf.h"

namespace {

using namespace kata;
using test::PipelineBench;
namespace fs = std::filesystem;

std::size_t snapshots_in(const std::string& repository) {
  const fs::directory_iterator folder(repository + "/el9/x86_64/snapshots");
  return static_cast<std::size_t>(std::distance(begin(folder), end(folder)));
}

bool has_package(const std::string& repository, const std::string& name) {
  return fs::exists(repository + "/el9/x86_64/Packages/k/" + name);
}

/// The fake kernel's slow step has begun.
bool is_compiling(const std::string& folder) {
  std::error_code error;
  for (auto it = fs::recursive_directory_iterator(folder, error); !error && it != fs::end(it);
       it.increment(error)) {
    if (it->path().filename() == "started") return true;
  }
  return false;
}

/// A process has its working folder there.
bool is_working_below(const std::string& folder) {
  for (const auto& process : fs::directory_iterator("/proc")) {
    std::error_code error;
    const fs::path place = fs::read_symlink(process.path() / "cwd", error);
    if (!error && place.string().starts_with(folder)) return true;
  }
  return false;
}

}  // namespace

TEST_CASE("a pipeline publishes, and the next one goes on from what it published", "[pipeline]") {
  PipelineBench bench;
  // what a program sees that a step starts
  write_file(bench.path("katabuild"),
             "#!/bin/sh\nenv >>" + bench.path("environment") + "\nexec " KATABUILD " \"$@\"\n",
             0755);
  bench.set("KATABUILD", bench.path("katabuild"));
  // whoever wants to see each command must not see the secrets
  bench.set("SHELLOPTS", "xtrace");
  bench.run_well("prepare");
  bench.run_well("fetch");
  CHECK_THAT(bench.run_well("plan"), Catch::Contains("kernel    to do"));
  CHECK_THAT(bench.run_well("build"),
             Catch::Contains("--key-file " + bench.path("tmp/kata-pipeline-")) &&
                 Catch::Contains("--passphrase-file ") && Catch::Contains("--offline"));
  CHECK_THAT(read_file(bench.path("environment")),
             Catch::Contains("CCACHE_DIR=") && !Catch::Contains("KATA_SIGNING"));
  CHECK_THAT(bench.run_well("verify"), Catch::Contains("0 problems"));
  CHECK(fs::is_empty(bench.path("target")));
  bench.run_well("publish");
  const std::string target = bench.path("target");
  CHECK(snapshots_in(target) == 1);
  CHECK_FALSE(fs::exists(target + "/.katabuild.lock"));

  // another machine: its cache is what the CI kept, everything else is gone
  bench.unset("SHELLOPTS");
  bench.set("KATA_WORK", bench.path("other-work"));
  bench.set("KATA_PACKAGE_RELEASE", "2");
  bench.set("KATA_FREEZE", "v2");
  bench.build().write_program("two");
  bench.run_well("fetch build publish");
  CHECK(snapshots_in(target) == 2);
  CHECK(fs::exists(target + "/el9/x86_64/frozen/v2/repodata/repomd.xml"));
  for (const char* release : {"1", "2"})
    CHECK(has_package(target, std::string("kata-runtime-0.1.0-") + release + ".el9.x86_64.rpm"));
  const Json report = read_json_file(bench.path("other-work/out/report.json"));
  CHECK(report.at("stages").at(0).at("name") == "kernel");
  CHECK(read_line_of(target + "/el9/x86_64/mirrorlist")
            .starts_with("https://example.com/kata/el9/x86_64/snapshots/"));
  const CommandResult verified =
      bench.build().verify({target, "--key", test::package_shelf() + "/locked.asc"});
  INFO(verified.output);
  CHECK(verified.status == 0);
}

TEST_CASE("a repository that is not as it must be is not published", "[pipeline]") {
  PipelineBench bench;
  bench.run_well("fetch build");
  const std::string package =
      bench.path("work/repo/el9/x86_64/Packages/k/kata-runtime-0.1.0-1.el9.x86_64.rpm");
  const std::string bytes = read_file(package);
  std::string damaged = bytes;
  damaged[damaged.size() / 2] = static_cast<char>(damaged[damaged.size() / 2] ^ 1);
  write_file(package, damaged);
  const CommandResult result = bench.run("publish");
  INFO(result.error_output);
  CHECK(result.status == 1);
  CHECK_THAT(result.output, Catch::Contains("kata-runtime-0.1.0-1.el9.x86_64.rpm"));
  CHECK_THAT(result.error_output, Catch::Contains("nothing was published"));
  CHECK(fs::is_empty(bench.path("target")));
  CHECK(bench.run("verify").status == 1);

  write_file(package, bytes);
  // signed well, but with a key that no client has
  bench.set("KATA_PUBLIC_KEY_FILE", test::package_shelf() + "/main.asc");
  CHECK(bench.run("publish").status == 1);
  CHECK(fs::is_empty(bench.path("target")));

  // another pipeline was quicker: its packages must not disappear
  bench.set("KATA_PUBLIC_KEY_FILE", test::package_shelf() + "/locked.asc");
  make_directories(bench.path("target/el9/x86_64"));
  write_file(bench.path("target/el9/x86_64/mirrorlist"), "https://example.com/another\n");
  const CommandResult late = bench.run("publish");
  CHECK(late.status == 1);
  CHECK_THAT(late.error_output, Catch::Contains("somebody else published to"));
  CHECK_FALSE(fs::exists(bench.path("target/index.html")));
}

TEST_CASE("a pipeline is told which variable it lacks", "[pipeline]") {
  struct Case {
    std::string steps;
    std::string name;
    std::string value;
    std::string error;
  };
  const std::vector<Case> cases = {
      {"plan", "KATA_SIGNING_KEY", "", "KATA_SIGNING_KEY_FILE (or KATA_SIGNING_KEY) is not set"},
      {"plan", "KATA_SIGNING_KEY_FILE", "/nowhere", "KATA_SIGNING_KEY_FILE: there is no such"},
      {"fetch build", "KATA_SIGNING_PASSPHRASE", "wrong", "passphrase"},
      {"build", "KATA_INSTALL", "no", "nothing was fetched"},
      {"verify", "KATA_PUBLIC_KEY_FILE", "", "KATA_PUBLIC_KEY_FILE is not set"},
      {"publish", "KATA_PUBLIC_KEY_FILE", "/nowhere", "KATA_PUBLIC_KEY_FILE: there is no such"},
      {"fetch", "KATA_PUBLISH_TO", "", "KATA_PUBLISH_TO is not set"},
      {"fetch", "KATA_PUBLISH_TO", "/nowhere", "there is no folder /nowhere: make it before"},
      {"fetch", "KATA_SSH_KEY", "key", "KATA_SSH_KNOWN_HOSTS_FILE is not set"},
      {"fetch", "KATA_PUBLISH_TO", "rsync://127.0.0.1:9/kata", "Connection refused"},
      {"verify", "KATABUILD", "/nowhere/katabuild", "there is no /nowhere/katabuild"},
      {"fetch publsh", "KATA_INSTALL", "no", "unknown step 'publsh'"}};
  for (const Case& wrong : cases) {
    PipelineBench bench;
    bench.set(wrong.name, wrong.value);
    const CommandResult result = bench.run(wrong.steps);
    INFO(wrong.steps << " with " << wrong.name << "=" << wrong.value << ":\n"
                     << result.error_output);
    CHECK(result.status != 0);
    CHECK_THAT(result.error_output, Catch::Contains(wrong.error));
    CHECK_FALSE(fs::exists(bench.path("work/repo/el9")));
    CHECK(fs::is_empty(bench.path("target")));
  }
}

TEST_CASE("machines that share a folder build kernel and programs at once", "[pipeline]") {
  PipelineBench bench;
  // neither needs a key
  for (const char* name : {"KATA_SIGNING_KEY", "KATA_SIGNING_PASSPHRASE", "KATA_PUBLISH_TO"})
    bench.unset(name);
  bench.run_well("install");
  ChildProcess kernel = spawn(bench.command("kernel"));
  ChildProcess programs = spawn(bench.command("programs"));
  CHECK(kernel.wait() == 0);
  CHECK(programs.wait() == 0);
  CHECK_FALSE(fs::exists(bench.path("work/out/report.json")));
  bench.set("KATA_SIGNING_KEY_FILE", test::package_shelf() + "/locked.key");
  write_file(bench.path("passphrase"), "open sesame\n");
  bench.set("KATA_SIGNING_PASSPHRASE_FILE", bench.path("passphrase"));
  bench.set("KATA_PUBLISH_TO", bench.path("target"));
  bench.run_well("fetch build");
  const Json report = read_json_file(bench.path("work/out/report.json"));
  for (const Json& stage : report.at("stages")) {
    INFO(stage.dump());
    const bool is_early = stage.at("name") == "kernel" || stage.at("name") == "programs";
    CHECK(stage.at("state") == (is_early ? "up to date" : "built"));
  }
}

TEST_CASE("a branch is tried without any secret, again and again", "[pipeline]") {
  PipelineBench bench;
  for (const char* name : {"KATA_SIGNING_KEY", "KATA_SIGNING_PASSPHRASE", "KATA_PUBLISH_TO",
                           "KATA_PUBLIC_KEY_FILE", "KATA_PACKAGE_RELEASE", "KATA_BASE_URL"})
    bench.unset(name);
  CHECK_THAT(bench.run_well("trial"), Catch::Contains("0 problems"));
  bench.build().write_program("two");
  CHECK_THAT(bench.run_well("trial"), Catch::Contains("0 problems"));
  CHECK(has_package(bench.path("work/trial/repo"), "kata-runtime-0.1.0-1.el9.x86_64.rpm"));
  CHECK_FALSE(fs::exists(bench.path("work/repo")));
}

TEST_CASE("katabuild is compiled from the sources when none is installed", "[pipeline]") {
  PipelineBench bench;
  bench.unset("KATABUILD");
  write_file(bench.path("source/extra.cmake"),
             "add_custom_target(katabuild COMMAND ${CMAKE_COMMAND} -E copy " +
                 std::string(KATABUILD) + " ${CMAKE_BINARY_DIR}/builder/katabuild)\n");
  CHECK_THAT(bench.run_well("prepare"), Catch::Contains("katabuild 0."));
  CHECK(fs::exists(bench.path("work/tools/builder/katabuild")));
  CHECK_THAT(bench.run_well("plan"), Catch::Contains("kernel    to do"));
}

TEST_CASE("another host is published to over ssh with the key from the secrets", "[pipeline]") {
  PipelineBench bench;
  // an ssh that notes what it was told and what it was given, and has its host here
  make_directories(bench.path("bin"));
  write_file(bench.path("bin/ssh"),
             "#!/bin/bash\nprintf '%s\\n' \"$@\" >>" + bench.path("told") +
                 "\nwhile [ \"$1\" != kata.example.com ]; do\n  if [ \"$1\" = -i ]; then stat -c "
                 "'mode %a' \"$2\" >>" +
                 bench.path("told") + "; cat \"$2\" >>" + bench.path("given") +
                 "; fi\n  shift\ndone\nshift\nexec \"$@\"\n",
             0755);
  write_file(bench.path("known hosts"), "kata.example.com key\n");
  bench.set("PATH", bench.path("bin") + ":/usr/sbin:/usr/bin:/sbin:/bin");
  bench.set("KATA_PUBLISH_TO", "kata.example.com:" + bench.path("target") + "/");
  bench.set("KATA_SSH_KEY", "the key");
  bench.set("KATA_SSH_KNOWN_HOSTS_FILE", bench.path("known hosts"));
  const std::string log = bench.run_well("fetch build publish");
  CHECK_THAT(log, !Catch::Contains("the key\n"));
  CHECK(snapshots_in(bench.path("target")) == 1);
  CHECK_THAT(read_file(bench.path("told")),
             Catch::Contains("mode 600") && Catch::Contains("StrictHostKeyChecking=yes") &&
                 Catch::Contains("UserKnownHostsFile=" + bench.path("known hosts")));
  CHECK_THAT(read_file(bench.path("given")), Catch::StartsWith("the key\n"));
}

TEST_CASE("a pipeline that is cancelled leaves no secret and no process", "[pipeline]") {
  PipelineBench bench;
  write_file(bench.path("source/kernel/a.conf"),
             "CONFIG_PVH=y\nCONFIG_BLK_DEV_INITRD=y\nCONFIG_SLOW=y\n");
  bench.run_well("fetch");
  ChildProcess build = spawn(bench.command("build"));
  const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(60);
  while (!is_compiling(bench.path("cache/work"))) {
    REQUIRE(std::chrono::steady_clock::now() < until);
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  CHECK_FALSE(fs::is_empty(bench.path("tmp")));
  build.signal(SIGTERM);  // the script alone
  CHECK(build.wait() == 143);
  for (const auto& left : fs::recursive_directory_iterator(bench.path("tmp")))
    FAIL_CHECK("left: " << left.path());
  CHECK_FALSE(is_working_below(bench.path("")));
}
