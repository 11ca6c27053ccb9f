// SPDX-License-Identifier: Apache-2.0
#include <signal.h>

#include <atomic>
#include <catch2/catch.hpp>
#include <chrono>
#include <filesystem>
#include <set>
#include <thread>

#include "builder/pipeline/digest.h"
#include "builder/pipeline/file_lock.h"
#include "builder/repo/repodata.h"
#include "runtime/base/fd.h"
#include "tests/integration/builder/package_shelf.h"
#include "tests/integration/builder/repo_workbench.h"

namespace {

using namespace kata;
using test::RepoWorkbench;
namespace fs = std::filesystem;

}  // namespace

TEST_CASE("a publisher killed at any rename leaves a whole repository", "[repo]") {
  const RepoWorkbench bench;
  bench.write_recipe("keep_snapshots: 1\n",
                     "[{release: el8, pools: [pool]}, {release: el9, pools: [pool]}]");
  REQUIRE(bench.publish().status == 0);
  fs::copy(bench.path("repo"), bench.path("saved"),
           fs::copy_options::recursive | fs::copy_options::copy_symlinks);
  const std::string old_sums = read_file(bench.latest() + "/SHA256SUMS");
  bench.put("main/demo-1.1-1.el9.noarch.rpm");
  std::string new_sums;
  int kills = 0;
  bool saw_old = false;
  bool saw_new = false;
  for (int number = 1; number < 60 && new_sums.empty(); ++number) {
    fs::remove_all(bench.path("repo"));
    fs::copy(bench.path("saved"), bench.path("repo"),
             fs::copy_options::recursive | fs::copy_options::copy_symlinks);
    Command command = bench.katabuild();
    command.env->push_back("LD_PRELOAD=" KATA_KILL_AT_RENAME);
    command.env->push_back("KATA_KILL_AT_RENAME=" + std::to_string(number));
    command.env->push_back("ASAN_OPTIONS=verify_asan_link_order=0");
    RealCommandRunner runner;
    const CommandResult result = runner.run(command);
    INFO("rename " << number << ": " << result.error_output);
    REQUIRE((result.status == 0 || result.status == 128 + SIGKILL));
    const CommandResult verified = bench.verify();
    INFO(verified.output << verified.error_output);
    REQUIRE(verified.status == 0);
    const std::string sums = read_file(bench.latest() + "/SHA256SUMS");
    if (result.status == 0) {
      new_sums = sums;
    } else {
      ++kills;
      CHECK((sums == old_sums || sums.find("demo-1.1-1") != std::string::npos));
      (sums == old_sums ? saw_old : saw_new) = true;
    }
  }
  CHECK(kills >= 10);
  CHECK(saw_old);
  CHECK(saw_new);
  CHECK_THAT(new_sums, Catch::Contains("demo-1.1-1"));
}

TEST_CASE("the publish after a killed one goes on and cleans up", "[repo]") {
  const RepoWorkbench bench;
  REQUIRE(bench.publish().status == 0);
  bench.put("main/demo-1.1-1.el9.noarch.rpm");
  const int number = GENERATE(1, 2, 4);
  Command command = bench.katabuild();
  command.env->push_back("LD_PRELOAD=" KATA_KILL_AT_RENAME);
  command.env->push_back("KATA_KILL_AT_RENAME=" + std::to_string(number));
  command.env->push_back("ASAN_OPTIONS=verify_asan_link_order=0");
  ChildProcess child = spawn(command);
  const std::string secret = "kata-gpg-" + std::to_string(child.pid()) + "-";
  REQUIRE(child.wait() == 128 + SIGKILL);
  const auto has_secret = [&] {
    for (const auto& entry : fs::directory_iterator("/tmp")) {
      if (entry.path().filename().string().starts_with(secret)) return true;
    }
    return false;
  };
  CHECK(has_secret());
  const CommandResult result = bench.publish();
  CHECK_FALSE(has_secret());  // nor does the signing key lie about
  INFO(result.error_output);
  REQUIRE(result.status == 0);
  CHECK_THAT(read_file(bench.latest() + "/SHA256SUMS"), Catch::Contains("demo-1.1-1"));
  CHECK(bench.verify().status == 0);
  for (const auto& [name, bytes] : bench.tree("repo"))
    CHECK_THAT(name, !Catch::Contains("katabuild-partial"));
}

TEST_CASE("a second publisher waits and says so", "[repo]") {
  const RepoWorkbench bench;
  std::optional<pipeline::FileLock> lock =
      pipeline::FileLock::try_lock(bench.path("repo/.katabuild.lock"));
  REQUIRE(lock);
  Pipe errors = make_pipe();
  Command command = bench.katabuild();
  command.fds = {{2, errors.write.get()}};
  ChildProcess child = spawn(command);
  errors.write.reset();
  std::string said(100, '\0');
  const ssize_t count = ::read(errors.read.get(), said.data(), said.size());
  CHECK_THAT(said.substr(0, count > 0 ? static_cast<std::size_t>(count) : 0),
             Catch::Contains("repo: waiting for another katabuild that publishes to"));
  CHECK_FALSE(child.try_wait());
  CHECK_FALSE(fs::exists(bench.path("repo/el9")));
  lock.reset();
  CHECK(child.wait() == 0);
  CHECK(bench.verify().status == 0);
}

TEST_CASE("two publishers at once both succeed", "[repo]") {
  const RepoWorkbench bench;
  bench.put("main/demo-1.1-1.el9.noarch.rpm", "pool2");
  write_file(bench.path("second.yaml"),
             "name: kata\ntitle: Kata\nbase_url: http://127.0.0.1:9/kata\n"
             "signing: {key_file: main.key}\nchannels: [{release: el9, pools: [pool2]}]\n");
  Command second = bench.katabuild();
  second.argv[3] = bench.path("second.yaml");
  ChildProcess a = spawn(bench.katabuild());
  ChildProcess b = spawn(second);
  CHECK(a.wait() == 0);
  CHECK(b.wait() == 0);
  const std::string sums = read_file(bench.latest() + "/SHA256SUMS");
  CHECK_THAT(sums, Catch::Contains("demo-1.0-1") && Catch::Contains("demo-1.1-1"));
  CHECK(bench.verify().status == 0);
}

TEST_CASE("a reader sees a whole repository while publishes run", "[repo]") {
  const RepoWorkbench bench;
  bench.write_recipe("keep_snapshots: 2\n");
  REQUIRE(bench.publish().status == 0);
  std::atomic<bool> done = false;
  std::atomic<int> failures = 0;
  std::jthread publisher([&] {
    for (int i = 0; i < 8; ++i) {
      // each round changes the metadata: an old version comes and goes
      if (i % 2 == 0) {
        bench.put("main/demo-1.2-1.el9.noarch.rpm");
      } else {
        fs::remove(bench.path("pool/demo-1.2-1.el9.noarch.rpm"));
      }
      if (bench.publish({"--prune"}).status != 0) ++failures;
    }
    done = true;
  });
  const std::string root = bench.path("repo/el9/x86_64");
  std::set<std::string> seen;
  int reads = 0;
  while (!done) {
    const std::string url = read_file(root + "/mirrorlist");
    const std::string folder = root + url.substr(url.find("/snapshots/"));
    const std::string snapshot = folder.substr(0, folder.find_last_not_of("/\n") + 1);
    const repo::PublishedMetadata metadata = repo::read_published(snapshot);
    REQUIRE(fs::exists(snapshot + "/repodata/repomd.xml.asc"));
    for (const repo::PackagePtr& package : metadata.packages)
      REQUIRE(pipeline::sha256_of_file(snapshot + "/" + package->location) == package->sha256);
    seen.insert(snapshot);
    ++reads;
  }
  CHECK(failures == 0);
  CHECK(seen.size() > 2);
  CHECK(reads > 20);
}
