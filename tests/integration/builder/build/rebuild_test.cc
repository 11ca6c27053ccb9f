// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>
#include <filesystem>

#include "tests/integration/builder/build/build_bench.h"

namespace {

using namespace kata;
using test::BuildBench;
namespace fs = std::filesystem;

}  // namespace

TEST_CASE("a build that is done again somewhere else gives the same bytes", "[build]") {
  const BuildBench bench;
  const CommandResult built = bench.build();
  INFO(built.error_output);
  REQUIRE(built.status == 0);
  make_directories(bench.path("scratch"));
  const CommandResult again =
      bench.verify({"--rebuild", "--scratch", bench.path("scratch"), bench.path("out")});
  INFO(again.error_output);
  CHECK(again.status == 0);
  CHECK_THAT(again.output, Catch::Contains(" files compared, 0 differ\n"));
  CHECK(fs::is_empty(bench.path("scratch")));
}

TEST_CASE("another key changes signatures and what installs the key, nothing else", "[build]") {
  const BuildBench bench;
  REQUIRE(bench.build().status == 0);
  const CommandResult other =
      bench.build({"--output", bench.path("other"), "--cache", bench.path("other-cache"),
                   "--trial-key", "--key-file", bench.path("other.key")});
  INFO(other.error_output);
  REQUIRE(other.status == 0);
  const CommandResult same = bench.verify({"--against", bench.path("other"), bench.path("out")});
  INFO(same.error_output);
  CHECK(same.status == 0);
  CHECK_THAT(same.output, Catch::Contains("kata-release-el9-0.1.0-1.el9.noarch.rpm: it holds the "
                                          "key, and the keys differ"));
}

TEST_CASE("what differs between two builds is told down to the member", "[build]") {
  const BuildBench bench;
  REQUIRE(bench.build().status == 0);
  bench.write_program("two");
  write_file(bench.path("source/CHANGELOG.md"), "## [Unreleased]\n### Added\n- second\n");
  REQUIRE(bench.build({"--output", bench.path("other")}).status == 0);
  const CommandResult result = bench.verify({"--against", bench.path("other"), bench.path("out")});
  CHECK(result.status == 1);
  INFO(result.error_output);
  CHECK_THAT(result.error_output,
             Catch::Contains("packages/el9/x86_64/kata-runtime-0.1.0-1.el9.x86_64.rpm: it differs: "
                             "members ./usr/bin/containerd-shim-kata-v2, ./usr/bin/kata-runtime; "
                             "header tags ") &&
                 Catch::Contains("Changelogtext") &&
                 Catch::Contains("guest/kata-containers-initrd.img: it differs: members ./init") &&
                 Catch::Contains("repo/el9/x86_64/other.xml.gz: it differs: from the line ") &&
                 !Catch::Contains("vmlinux"));
  CHECK(bench.verify({"--against", bench.path("nowhere"), bench.path("out")}).status == 2);
}
