// SPDX-License-Identifier: Apache-2.0
#include <signal.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <chrono>
#include <filesystem>
#include <thread>

#include "runtime/base/error.h"
#include "tests/integration/builder/fake_kernel.h"
#include "tests/support/eventually.h"

namespace {

using namespace kata;
using test::Workbench;
namespace fs = std::filesystem;

constexpr std::chrono::seconds kPatience{30};

bool compiler_has_started(const Workbench& bench) {
  for (const std::string& work : bench.left_behind()) {
    if (fs::exists(work + "/source/linux-6.1.99/started")) return true;
  }
  return false;
}

/// Whether a process works below `folder`, as the fake kernel's `sleep` does.
bool somebody_works_in(const std::string& folder) {
  std::error_code error;
  for (const auto& entry : fs::directory_iterator("/proc")) {
    const fs::path cwd = fs::read_symlink(entry.path() / "cwd", error);
    if (!error && cwd.string().starts_with(folder)) return true;
  }
  return false;
}

}  // namespace

TEST_CASE("a signal ends the build with its compilers and leaves nothing", "[katabuild]") {
  Workbench bench;
  bench.write_fragment("CONFIG_PVH=y\nCONFIG_SLOW=y\n");
  const int number = GENERATE(SIGTERM, SIGINT);
  ChildProcess child = spawn(bench.katabuild());
  REQUIRE(test::eventually([&] { return compiler_has_started(bench); }, kPatience));
  child.signal(number);
  CHECK(child.wait() == 128 + number);
  CHECK(bench.left_behind().empty());
  CHECK_FALSE(somebody_works_in(bench.path("cache")));
  CHECK_FALSE(fs::exists(bench.path("out")));
}

TEST_CASE("a killed build takes its compilers along, and the next build cleans up and succeeds",
          "[katabuild]") {
  Workbench bench;
  bench.write_fragment("CONFIG_PVH=y\nCONFIG_SLOW=y\n");
  ChildProcess child = spawn(bench.katabuild());
  REQUIRE(test::eventually([&] { return compiler_has_started(bench); }, kPatience));
  child.signal(SIGKILL);
  child.wait();
  CHECK(test::eventually([&] { return !somebody_works_in(bench.path("cache")); }, kPatience));
  CHECK_FALSE(fs::exists(bench.path("out")));
  bench.write_fragment("CONFIG_PVH=y\n");
  const CommandResult result = bench.run();
  INFO(result.error_output);
  CHECK(result.status == 0);
  CHECK(bench.left_behind().empty());
}

TEST_CASE("two builds of one kernel at once wait for each other and both succeed", "[katabuild]") {
  Workbench bench;
  Command second = bench.katabuild();
  second.argv[7] = bench.path("out2");
  ChildProcess a = spawn(bench.katabuild());
  ChildProcess b = spawn(second);
  CHECK(a.wait() == 0);
  CHECK(b.wait() == 0);
  CHECK(read_file(bench.path("out/vmlinux.container")) ==
        read_file(bench.path("out2/vmlinux.container")));
  CHECK(bench.left_behind().empty());
}
