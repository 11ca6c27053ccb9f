// SPDX-License-Identifier: Apache-2.0
//
// Guests of images that katabuild makes: what is tried nowhere else.
#include <catch2/catch.hpp>
#include <filesystem>
#include <string>

#include "runtime/base/command.h"
#include "runtime/base/io.h"
#include "tests/e2e/image_bench.h"
#include "tests/support/host_state.h"
#include "tests/support/pty_process.h"

namespace {

using namespace kata;
using namespace kata::test;
using Catch::Matchers::Contains;

struct Bench : ImageBench {
  /// An image of the recipe; its path.
  std::string build(const std::string& recipe, const std::string& name) {
    const CommandResult built = runner.run(
        {.argv = {KATABUILD, "image", "--recipe", recipe, "--agent", KATA_AGENT, "--kernel-config",
                  KATA_GUEST "/kernel-manifest.json", "--cache", folder.path() + "/cache",
                  "--output", folder.path() + "/" + name + ".img"},
         .timeout = std::chrono::minutes(3)});
    INFO(built.error_output);
    REQUIRE(built.status == 0);
    return folder.path() + "/" + name + ".img";
  }
  std::string build_disk(const std::string& disk) {
    write_file(folder.path() + "/disk.yaml", "name: disk\nformat: image\ndisk: {" + disk + "}\n");
    return build(folder.path() + "/disk.yaml", "disk");
  }

  TempDir folder{"/var/tmp"};
  RealCommandRunner runner;
};

}  // namespace

TEST_CASE("a guest starts from an xfs that katabuild made", "[e2e][image]") {
  Bench bench;
  bench.annotate({{"image", bench.build_disk("filesystem: xfs")}});
  const std::string output = bench.output_of("built-1");
  CHECK_THAT(output, Contains("root=/dev/vda1 rootfstype=xfs ro"));
}

TEST_CASE("an image with a DAX header is virtio-pmem where QEMU has no nvdimm", "[e2e][image]") {
  Bench bench;
  const std::string image = bench.build_disk("filesystem: erofs, dax: true");
  // as an enterprise distribution's QEMU answers
  const std::string qemu = find_program("qemu-system-x86_64").value_or("");
  REQUIRE(!qemu.empty());
  const std::string other = bench.folder.path() + "/qemu-system-x86_64";
  write_file(other, "#!/bin/sh\n[ \"$*\" = '-device help' ] || exec " + qemu + " \"$@\"\n" + qemu +
                        " -device help | grep -v '\"nvdimm\"'\n");
  std::filesystem::permissions(other, std::filesystem::perms(0755));
  bench.configure("path = \"" + other + "\"\nimage = \"" + image + "\"\n");
  CHECK_THAT(bench.oci({"check"}).output, Contains(image + " by virtio-pmem"));
  const std::string output = bench.output_of("built-2");
  CHECK_THAT(output, Contains("root=/dev/pmem0p1 rootfstype=erofs ro"));
}

TEST_CASE("debug-console opens a shell in the guest of an image that has one", "[e2e][image]") {
  Bench bench;
  const auto before = host_state(bench.docker);
  const std::string image = bench.build(KATA_SOURCE "/rootfs/debug.yaml", "debug");
  bench.oci.write_bundle({"sleep", "1000"});
  bench.configure("initrd = \"" + image + "\"\n[agent.kata]\ndebug_console_enabled = true\n");
  REQUIRE(bench.oci.ok({"create", "--bundle", bench.oci.bundle(), "built-3"}));
  REQUIRE(bench.oci.ok({"start", "built-3"}));
  for (int again = 0; again < 2; ++again) {
    PtyProcess console({"env", "KATA_CONF_FILE=" + bench.oci.configuration(), bench.oci.program(),
                        "--root", bench.oci.folder() + "/root", "debug-console", "built-3"},
                       25, 80);
    console.read_until("guest# ");
    console.type("echo shell $((20 + 3)) of $(cat /proc/1/comm)\r");
    console.read_until("shell 23 of init");
    // the container's process is one of the guest's
    console.type("echo $(ps | grep -c '[s]leep 1000') there\r");
    console.read_until("1 there");
    console.type("exit\r");
    CHECK(console.wait() == 0);
  }
  REQUIRE(bench.oci.ok({"delete", "--force", "built-3"}));
  CHECK(left_behind(bench.docker, before) == "");
}

TEST_CASE("debug-console says what keeps it from opening", "[e2e][image]") {
  Bench bench;
  bench.oci.write_bundle({"sleep", "1000"});
  REQUIRE(bench.oci.ok({"create", "--bundle", bench.oci.bundle(), "built-4"}));
  const CommandResult console = bench.oci.told("exit\n", {"debug-console", "built-4"});
  CHECK(console.status == 1);
  CHECK_THAT(console.error_output, Contains("has no debug console: set debug_console_enabled"));
  CHECK(bench.oci.ok({"delete", "--force", "built-4"}));
}
