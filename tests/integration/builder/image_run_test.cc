// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>
#include <filesystem>

#include "tests/integration/builder/image_bench.h"

namespace {

using namespace kata;
using test::ImageBench;
namespace fs = std::filesystem;

/// A base with a shell and its programs.
struct ShellBench : ImageBench {
  ShellBench() {
    fs::create_directories(path("base/bin"));
    fs::copy_file("/bin/busybox", path("base/bin/busybox"));
    for (const char* name : {"sh", "id", "ip", "mkdir", "chown", "ps", "cat", "rm", "sleep"})
      fs::create_symlink("busybox", path("base/bin/") + name);
    write_file(path("base/old"), "old\n");
  }
  void commands(const std::string& list) const {
    write_recipe("base: {directory: base}\ntimestamp: 2026-01-01\nrun:\n" + list);
  }
};

}  // namespace

TEST_CASE("commands run as root of a namespace of their own, without a network, once",
          "[image-run]") {
  const ShellBench bench;
  bench.commands(
      "  - id -u > /id; ip link > /links; ps > /processes; echo $SOURCE_DATE_EPOCH $HOME > /env\n"
      "  - mkdir -p /var/x; echo text > /var/x/y; chown 12:34 /var/x/y; rm /old\n"
      "  - [sh, -c, \"echo gone > /tmp/z; cat /dev/null\"]\n");
  const CommandResult first = bench.run();
  INFO(first.error_output);
  REQUIRE(first.status == 0);
  CHECK_THAT(first.error_output, Catch::Contains("run: 3 commands"));
  CHECK(bench.text("id") == "0\n");
  CHECK_THAT(bench.text("links"), Catch::Contains("lo:") && !Catch::Contains("\n3:"));
  CHECK_THAT(bench.text("processes"), Catch::Contains("    1 0"));
  CHECK(bench.text("env") == "1767225600 /root\n");
  const auto entries = bench.entries();
  CHECK(entries.at("var/x/y").uid == 12);
  CHECK(entries.at("var/x/y").gid == 34);
  CHECK(entries.at("bin/busybox").uid == 0);
  CHECK(entries.contains("dev/console"));
  CHECK_FALSE(entries.contains("dev/null"));
  CHECK_FALSE(entries.contains("old"));
  CHECK_FALSE(entries.contains("tmp/z"));
  CHECK(bench.left_behind().empty());
  const CommandResult second = bench.run();
  CHECK_THAT(second.output, Catch::Contains("is up to date"));
  CHECK_THAT(second.error_output, !Catch::Contains("run: 3 commands"));
}

TEST_CASE("a command that fails shows its output, and the previous image stays", "[image-run]") {
  const ShellBench bench;
  bench.commands("  - echo one > /one\n");
  REQUIRE(bench.run().status == 0);
  const std::string before = read_file(bench.path("out/i.img"));
  bench.commands("  - echo one > /one\n  - echo why it went wrong >&2; exit 3\n");
  const CommandResult failed = bench.run();
  CHECK(failed.status == 1);
  CHECK_THAT(failed.error_output, Catch::Contains("command 2 of 2") &&
                                      Catch::Contains("exit status 3") &&
                                      Catch::Contains("why it went wrong"));
  CHECK(read_file(bench.path("out/i.img")) == before);
  CHECK(bench.left_behind().empty());
  bench.commands("  - [/no/such/program]\n");
  CHECK_THAT(bench.run().error_output, Catch::Contains("start /no/such/program: No such file"));
}

TEST_CASE("a command that outlives its parent ends with the sandbox", "[image-run]") {
  const ShellBench bench;
  bench.commands("  - sleep 4711 >/dev/null 2>&1 & echo started > /started\n");
  const CommandResult result = bench.run();
  INFO(result.error_output);
  REQUIRE(result.status == 0);
  for (const auto& entry : fs::directory_iterator("/proc")) {
    const auto line = read_file_if_exists(entry.path().string() + "/cmdline");
    if (line) CHECK(line->find(std::string("sleep\0004711", 10)) == std::string::npos);
  }
}
