// SPDX-License-Identifier: Apache-2.0
#include <sys/mount.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <chrono>
#include <filesystem>

#include "builder/pipeline/digest.h"
#include "builder/pipeline/elf.h"
#include "runtime/base/json.h"
#include "runtime/base/scope_exit.h"
#include "tests/integration/builder/fake_kernel.h"
#include "tests/support/require.h"

namespace {

using namespace kata;
using test::Workbench;
namespace fs = std::filesystem;

}  // namespace

TEST_CASE("a kernel is built, published and found in the cache the next time", "[katabuild]") {
  Workbench bench;
  const CommandResult first = bench.run();
  INFO(first.error_output);
  REQUIRE(first.status == 0);
  CHECK_THAT(first.output, Catch::Contains("kernel 6.1.99.container built in"));
  CHECK(fs::read_symlink(bench.path("out/vmlinux.container")) == "vmlinux-6.1.99.container");
  CHECK(fs::read_symlink(bench.path("out/vmlinuz.container")) == "vmlinuz-6.1.99.container");
  CHECK(read_file(bench.path("out/config-6.1.99.container")) == "CONFIG_PVH=y\n");
  const auto elf = pipeline::read_elf(bench.path("out/vmlinux.container"));
  REQUIRE(elf);
  CHECK(pipeline::has_pvh_entry(*elf));
  const Json manifest = read_json_file(bench.path("out/kernel-manifest.json"));
  CHECK(manifest.at("version") == "6.1.99.container");
  CHECK(manifest.at("files").at("vmlinux").at("sha256") ==
        pipeline::sha256_of_file(bench.path("out/vmlinux.container")));
  CHECK(manifest.at("fragments").at(0).at("name") == "a.conf");
  CHECK_THAT(manifest.at("tools").at("gcc").get<std::string>(), Catch::StartsWith("gcc"));
  CHECK(bench.left_behind().empty());

  fs::remove_all(bench.path("out"));
  const CommandResult second = bench.run();
  CHECK(second.status == 0);
  CHECK_THAT(second.output, Catch::Contains("from the cache"));
  CHECK(read_json_file(bench.path("out/kernel-manifest.json")) == manifest);
}

TEST_CASE("two builds in two caches give the same bytes, whatever the environment", "[katabuild]") {
  Workbench bench;
  REQUIRE(bench.run().status == 0);
  const std::string first = read_file(bench.path("out/vmlinuz.container"));
  CHECK_THAT(first, Catch::Contains("Thu Jan  1 00:00:00 UTC 2026 katabuild "));
  Command again = bench.katabuild({"--cache", bench.path("another/cache")});
  again.argv.erase(again.argv.begin() + 4, again.argv.begin() + 6);
  again.env = std::vector<std::string>{"PATH=/usr/bin:/bin", "LEAK=leaked", "LC_ALL=xx",
                                       "MAKEFLAGS=-n", "KBUILD_BUILD_USER=me"};
  RealCommandRunner runner;
  const CommandResult result = runner.run(again);
  INFO(result.error_output);
  REQUIRE(result.status == 0);
  CHECK_THAT(result.output, Catch::Contains("built in"));
  CHECK(read_file(bench.path("out/vmlinuz.container")) == first);
}

TEST_CASE("a change of an input builds anew, a change of a comment does not", "[katabuild]") {
  Workbench bench;
  REQUIRE(bench.run().status == 0);
  bench.write_fragment("# a reason\nCONFIG_PVH=y\n");
  CHECK_THAT(bench.run().output, Catch::Contains("from the cache"));
  bench.write_fragment("CONFIG_PVH=y\nCONFIG_NEEDED=y\n");
  CHECK_THAT(bench.run().output, Catch::Contains("built in"));
}

TEST_CASE("a kernel's modules come with it, whole or not at all", "[katabuild]") {
  Workbench bench;
  const std::string published = bench.path("out/lib/modules/6.1.99.container");
  const std::string module = published + "/kernel/demo.ko";
  const auto only_the_module = [&] {
    std::vector<std::string> found;
    for (const auto& entry : fs::recursive_directory_iterator(published)) {
      if (!entry.is_directory()) found.push_back(entry.path().string());
    }
    return found == std::vector<std::string>{module};
  };
  bench.write_fragment("CONFIG_PVH=y\nCONFIG_MODULES=y\nCONFIG_DEMO=m\n");
  const CommandResult first = bench.run();
  INFO(first.error_output);
  REQUIRE(first.status == 0);
  CHECK_THAT(first.output, Catch::Contains(published + "  1 files"));
  CHECK(only_the_module());
  const Json manifest = read_json_file(bench.path("out/kernel-manifest.json"));
  REQUIRE(manifest.at("modules").size() == 1);
  CHECK(manifest.at("modules").at(0).at("name") == "lib/modules/6.1.99.container/kernel/demo.ko");
  CHECK(manifest.at("modules").at(0).at("sha256") == pipeline::sha256_of_file(module));

  // Whatever else is in the folder is of another build
  write_file(published + "/kernel/stale.ko", "x");
  CHECK_THAT(bench.run().output, Catch::Contains("from the cache"));
  CHECK(only_the_module());

  for (const auto& entry : fs::directory_iterator(bench.path("cache/kernel")))
    fs::remove(entry.path() / "lib/modules/6.1.99.container/kernel/demo.ko");
  CHECK_THAT(bench.run().output, Catch::Contains("built in"));
  CHECK(only_the_module());

  bench.write_fragment("CONFIG_PVH=y\n");
  CHECK(bench.run().status == 0);
  CHECK_FALSE(fs::exists(published));
  CHECK_FALSE(read_json_file(bench.path("out/kernel-manifest.json")).contains("modules"));
  CHECK(bench.left_behind().empty());
}

TEST_CASE("a damaged cache entry is built anew", "[katabuild]") {
  Workbench bench;
  REQUIRE(bench.run().status == 0);
  for (const auto& entry : fs::directory_iterator(bench.path("cache/kernel")))
    write_file(entry.path().string() + "/vmlinux", "x");
  const CommandResult result = bench.run();
  INFO(result.error_output);
  CHECK_THAT(result.output, Catch::Contains("built in"));
}

TEST_CASE("a wrong sha256 of the source is told with both digests, before any work",
          "[katabuild]") {
  Workbench bench;
  bench.write_recipe("{tarball: {path: linux-6.1.99.tar.xz, sha256: " + std::string(64, 'a') +
                     "}}");
  const CommandResult result = bench.run();
  CHECK(result.status == 1);
  CHECK_THAT(result.error_output,
             Catch::Contains(pipeline::sha256_of_file(bench.path("linux-6.1.99.tar.xz"))));
  CHECK_THAT(result.error_output, Catch::Contains("the recipe expects " + std::string(64, 'a')));
  CHECK_FALSE(fs::exists(bench.path("out")));
  CHECK(bench.left_behind().empty());
}

TEST_CASE("a source is taken from a file URL and kept by its digest", "[katabuild]") {
  Workbench bench;
  const std::string sha256 = pipeline::sha256_of_file(bench.path("linux-6.1.99.tar.xz"));
  bench.write_recipe("{tarball: {url: \"file://" + bench.path("linux-6.1.99.tar.xz") +
                     "\", sha256: " + sha256 + "}}");
  const CommandResult result = bench.run();
  INFO(result.error_output);
  CHECK(result.status == 0);
  CHECK(fs::exists(bench.path("cache/sources/" + sha256)));
  bench.write_recipe("{tarball: {url: \"file:///no/such.tar\", sha256: " + std::string(64, 'b') +
                     "}}");
  const CommandResult missing = bench.run();
  CHECK(missing.status == 1);
  CHECK_THAT(missing.error_output, Catch::Contains("download file:///no/such.tar"));
  CHECK(std::distance(fs::directory_iterator(bench.path("cache/sources")), {}) == 1);
}

TEST_CASE("a source package that is not installed is told with the command that installs it",
          "[katabuild]") {
  Workbench bench;
  bench.write_recipe("{package: linux-source-0.0}");
  const CommandResult result = bench.run();
  CHECK(result.status == 1);
  CHECK_THAT(result.error_output,
             Catch::Contains("linux-source-0.0") && Catch::Contains("install"));
}

TEST_CASE("a source RPM is unpacked, and of its patches only those that the recipe lists",
          "[katabuild]") {
  Workbench bench;
  write_file(bench.path("good.patch"),
             "--- a/version.txt\n+++ b/version.txt\n@@ -1 +1 @@\n-one\n+two\n");
  write_file(bench.path("bad.patch"),
             "--- a/version.txt\n+++ b/version.txt\n@@ -1 +1 @@\n-nothing\n+three\n");
  test::write_source_rpm(bench.path("k.src.rpm"), bench.path(""),
                         {"good.patch", "linux-6.1.99.tar.xz", "bad.patch"});
  bench.write_recipe("{srpm: {path: k.src.rpm, patches: [good.patch]}}");
  const CommandResult result = bench.run();
  INFO(result.error_output);
  REQUIRE(result.status == 0);
  CHECK_THAT(read_file(bench.path("out/vmlinuz.container")), Catch::EndsWith("two\n"));
  bench.write_recipe("{srpm: {path: k.src.rpm, patches: [bad.patch]}}");
  const CommandResult bad = bench.run();
  CHECK(bad.status == 1);
  CHECK_THAT(bad.error_output, Catch::Contains("apply patch") && Catch::Contains("bad.patch"));
  CHECK(bench.left_behind().empty());
}

TEST_CASE("bad input of a kernel build is one error and no output", "[katabuild]") {
  Workbench bench;
  const auto [fragment, status, expected] = GENERATE(table<std::string, int, std::string>({
      {"CONFIG_PVH=y\nCONFIG_DROPPED=y\n", 2,
       "a.conf:2: CONFIG_DROPPED: wanted y, got n (not set): its dependencies are not met "
       "(Kconfig:10): NEEDED is not set"},
      {"CONFIG_PVH=y\nCONFIG_NEDED=y\n", 2,
       "a.conf:2: CONFIG_NEDED: wanted y, got n (not set): this kernel has no such symbol: did you "
       "mean CONFIG_NEEDED?"},
      {"CONFIG_PVH=y\n# CONFIG_PVH is not set\n", 2, "a.conf:2: CONFIG_PVH=n, but a.conf:1 says y"},
      {"CONFIG_NEEDED=y\n", 1, "no PVH entry"},
      {"CONFIG_PVH=y\nCONFIG_BROKEN=y\n", 1, "init/main.c:1: error: no such thing"},
  }));
  bench.write_fragment(fragment);
  const CommandResult result = bench.run();
  CHECK(result.status == status);
  CHECK_THAT(result.error_output, Catch::Contains(expected));
  CHECK_FALSE(fs::exists(bench.path("out")));
  CHECK(bench.left_behind().empty());
  CHECK_FALSE(fs::exists(bench.path("cache/kernel")));
}

TEST_CASE("a mistake in a recipe or command line ends with status 2 and touches nothing",
          "[katabuild]") {
  Workbench bench;
  write_file(bench.path("recipe.yaml"), "name: x\nsorce: {}\n");
  const CommandResult result = bench.run();
  CHECK(result.status == 2);
  CHECK_THAT(result.error_output, Catch::Contains("recipe.yaml:2:1: unknown key \"sorce\"") &&
                                      Catch::Contains("did you mean \"source\"?"));
  CHECK_FALSE(fs::exists(bench.path("cache")));
  CHECK(bench.run({"--no-such-option"}).status == 2);
}

TEST_CASE("a full disk is told with the place and what is free", "[katabuild]") {
  Workbench bench;
  fs::create_directories(bench.path("small"));
  test::require(::mount("none", bench.path("small").c_str(), "tmpfs", 0, "size=64k") == 0, "root",
                "cannot mount a tmpfs");
  const ScopeExit unmount([&] { ::umount2(bench.path("small").c_str(), MNT_DETACH); });
  const std::string full(60000, 'x');
  write_file(bench.path("small/filler"), full);
  SECTION("in the output folder") {
    Command command = bench.katabuild();
    command.argv[7] = bench.path("small/out");
    RealCommandRunner runner;
    const CommandResult result = runner.run(command);
    CHECK(result.status == 1);
    CHECK_THAT(result.error_output, Catch::Contains("disk full") && Catch::Contains("MB free on") &&
                                        Catch::Contains("small/out"));
    CHECK(fs::is_empty(bench.path("small/out")));
  }
  SECTION("in the cache") {
    Command command = bench.katabuild();
    command.argv[5] = bench.path("small/cache");
    RealCommandRunner runner;
    const CommandResult result = runner.run(command);
    CHECK(result.status == 1);
    CHECK_THAT(result.error_output, Catch::Contains("disk full") && Catch::Contains("small/cache"));
    CHECK_FALSE(fs::exists(bench.path("out")));
  }
}
