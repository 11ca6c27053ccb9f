// SPDX-License-Identifier: Apache-2.0
//
// The machine's memory: what it promises, and that it can be had.
#include <catch2/catch.hpp>
#include <sstream>
#include <string>

#include "tests/support/docker.h"

using kata::CommandResult;
using kata::test::Docker;

namespace {

/// MiB of a field of /proc/meminfo; `from` chooses which of several copies in `text`.
long mebibytes(const std::string& text, const std::string& name, std::size_t from = 0) {
  const std::size_t at = text.find(name + ":", from);
  REQUIRE(at != std::string::npos);
  long kibibytes = 0;
  std::istringstream(text.substr(at + name.size() + 1)) >> kibibytes;
  return kibibytes / 1024;
}

}  // namespace

TEST_CASE("a machine tells its memory truly, and a container can fill it", "[e2e]") {
  Docker docker;
  if (!docker.is_vm()) return;  // the host's memory is not ours to fill
  const CommandResult result = docker.run(
      {"--shm-size", "1800m", "busybox", "sh", "-c",
       "cat /proc/meminfo; dd if=/dev/zero of=/dev/shm/fill bs=1M count=1600 2>/dev/null && "
       "echo filled && cat /proc/meminfo"});
  INFO(result.output);
  INFO(result.error_output);
  REQUIRE(result.status == 0);
  const long total = mebibytes(result.output, "MemTotal");
  CHECK(total > 1950);
  CHECK(total <= 2048);
  CHECK(mebibytes(result.output, "MemFree") > total - 100);
  CHECK(mebibytes(result.output, "MemAvailable") > total - 150);
  const std::size_t filled = result.output.find("filled");
  REQUIRE(filled != std::string::npos);
  CHECK(mebibytes(result.output, "MemTotal", filled) == total);
  const long left = mebibytes(result.output, "MemFree", filled);
  CHECK(left < total - 1600);
  CHECK(left > total - 1800);
}

TEST_CASE("new limits grow the machine while it runs", "[e2e]") {
  Docker docker;
  if (!docker.is_vm()) return;  // the host has what it has
  const std::string id = docker.start({"busybox", "sleep", "1000"});
  const auto inside = [&](const char* command) {
    return docker({"exec", id, "sh", "-c", command}).output;
  };
  CHECK(inside("nproc") == "1\n");
  const CommandResult updated =
      docker({"update", "--cpus", "2", "--memory", "2200m", "--memory-swap", "2200m", id});
  INFO(updated.error_output);
  REQUIRE(updated.status == 0);
  CHECK(inside("nproc") == "2\n");
  CHECK(mebibytes(inside("cat /proc/meminfo"), "MemTotal") > 4000);
  CHECK(inside("cat /sys/fs/cgroup/memory.max /sys/fs/cgroup/cpu.max") ==
        std::to_string(2200L << 20) + "\n200000 100000\n");
  // as much as no machine here has: said, and nothing has changed
  const CommandResult refused = docker({"update", "--memory", "900g", "--memory-swap", "900g", id});
  CHECK(refused.status != 0);
  CHECK_THAT(refused.error_output, Catch::Contains("grow the machine's memory"));
  CHECK(inside("cat /sys/fs/cgroup/memory.max") == std::to_string(2200L << 20) + "\n");
}
