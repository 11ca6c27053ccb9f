// SPDX-License-Identifier: Apache-2.0
#include <unistd.h>

#include <catch2/catch.hpp>
#include <filesystem>

#include "tests/integration/builder/build/build_bench.h"

namespace {

using namespace kata;
using test::BuildBench;
namespace fs = std::filesystem;

}  // namespace

TEST_CASE("an offline build has no network, nor has any program it starts", "[build]") {
  const BuildBench bench;
  // what a stage's program sees: the interfaces, and whether somebody answers
  write_file(bench.path("source/extra.cmake"),
             "execute_process(COMMAND cat /proc/net/dev OUTPUT_FILE " + bench.path("devices") +
                 ")\nexecute_process(COMMAND readlink /proc/self/ns/net OUTPUT_FILE " +
                 bench.path("namespace") + ")\n");
  const CommandResult result = bench.build({"--offline"});
  INFO(result.error_output);
  REQUIRE(result.status == 0);
  std::string own = fs::read_symlink("/proc/self/ns/net").string();
  CHECK(read_line_of(bench.path("namespace")) != own);
  const std::string devices = read_file(bench.path("devices"));
  CHECK_THAT(devices, Catch::Contains("lo:") && !Catch::Contains("eth"));
}

TEST_CASE("an offline build does not ask the network for a source it lacks", "[build]") {
  const BuildBench bench;
  write_file(bench.path("source/kernel/recipes/default.yaml"),
             "name: fake\nsource: {tarball: {url: \"http://127.0.0.1:9/linux.tar.xz\", sha256: " +
                 std::string(64, 'a') + "}}\nfragments: [a.conf]\n");
  const CommandResult result = bench.build({"--offline"});
  CHECK(result.status == 1);
  CHECK_THAT(result.error_output,
             Catch::Contains("the build is offline, and the cache has no such source"));
  const CommandResult plan = bench.build({"--dry-run"});
  CHECK(plan.status == 0);
  CHECK_THAT(plan.output, Catch::Contains("http://127.0.0.1:9/linux.tar.xz to be downloaded"));
}
