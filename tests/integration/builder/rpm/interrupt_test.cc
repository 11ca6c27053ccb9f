// SPDX-License-Identifier: Apache-2.0
#include <signal.h>
#include <sys/stat.h>

#include <catch2/catch.hpp>
#include <chrono>
#include <filesystem>
#include <thread>

#include "tests/integration/builder/rpm/package_bench.h"
#include "tests/support/eventually.h"

namespace {

using namespace kata;
using test::PackageBench;
namespace fs = std::filesystem;

constexpr std::chrono::seconds kPatience{30};

/// GnuPG homes of the katabuild with this pid.
int homes_of(pid_t pid) {
  int count = 0;
  for (const auto& entry : fs::directory_iterator("/tmp")) {
    const std::string name = entry.path().filename().string();
    count += name.starts_with("kata-gpg-" + std::to_string(pid) + "-") ? 1 : 0;
  }
  return count;
}

}  // namespace

TEST_CASE("a build that is ended leaves no package and no secret key, and the next succeeds",
          "[rpm]") {
  const PackageBench bench;
  make_directories(bench.path("bin"));
  write_file(bench.path("bin/rpmbuild"),
             "#!/bin/sh\ncase $* in *--version*) echo 0; exit;; esac\n: >" + bench.path("started") +
                 "\nexec sleep 300\n");
  REQUIRE(::chmod(bench.path("bin/rpmbuild").c_str(), 0755) == 0);
  const std::vector<std::string> options = {"--package", "kata-agent", "--trial-key"};
  Command slow = bench.rpm("el9", options);
  slow.env = std::vector<std::string>{"PATH=" + bench.path("bin") + ":/usr/bin:/bin"};
  const int number = GENERATE(SIGTERM, SIGKILL);
  ChildProcess child = spawn(slow);
  const pid_t pid = child.pid();
  REQUIRE(test::eventually([&] { return fs::exists(bench.path("started")); }, kPatience));
  CHECK(homes_of(pid) == 1);
  child.signal(number);
  CHECK(child.wait() == 128 + number);
  if (number == SIGTERM) CHECK(homes_of(pid) == 0);
  CHECK_FALSE(fs::exists(bench.path("out/el9")));
  const CommandResult next = bench.build("el9", options);
  INFO(next.error_output);
  CHECK(next.status == 0);
  CHECK(homes_of(pid) == 0);
}
