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
