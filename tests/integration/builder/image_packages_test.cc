// SPDX-License-Identifier: Apache-2.0
//
// Bases of packages, from repositories that the test makes.
#include <algorithm>
#include <catch2/catch.hpp>
#include <filesystem>

#include "runtime/base/json.h"
#include "tests/integration/builder/image_bench.h"
#include "tests/integration/builder/package_bench.h"
#include "tests/support/require.h"

namespace {

using namespace kata;
using test::DebianBench;
using test::ImageBench;
using test::RpmBench;
namespace fs = std::filesystem;

/// Locked, offline and in another cache, a base has the same bytes.
void check_repeats(const ImageBench& bench) {
  const std::string first = read_file(bench.path("out/i.img"));
  const CommandResult again = bench.run({"--locked", "--offline"});
  INFO(again.error_output);
  CHECK_THAT(again.output, Catch::Contains("is up to date"));
  fs::remove_all(bench.path("cache/trees"));
  fs::remove_all(bench.path("out"));
  const CommandResult anew = bench.run({"--locked", "--offline"});
  INFO(anew.error_output);
  REQUIRE(anew.status == 0);
  CHECK(read_file(bench.path("out/i.img")) == first);
  fs::remove_all(bench.path("cache"));
  const CommandResult empty = bench.run({"--locked", "--offline"});
  CHECK(empty.status == 1);
  CHECK_THAT(empty.error_output, Catch::Contains("lacks 2 of 2 packages"));
  const CommandResult fetched = bench.run({"--locked"});
  INFO(fetched.error_output);
  REQUIRE(fetched.status == 0);
  CHECK(read_file(bench.path("out/i.img")) == first);
  CHECK(bench.left_behind().empty());
}

}  // namespace

TEST_CASE("an agent that is not there is told before packages are chosen", "[image-packages]") {
  ImageBench bench = RpmBench();
  bench.write_recipe(
      "base:\n  rpm: {release: \"9\", repositories: [{id: away, baseurl: "
      "\"file:///nonexistent\", gpg_check: false}], packages: [demo]}\n");
  bench.agent = "/nonexistent/kata-agent";
  const CommandResult result = bench.run({"--update-lock"});
  CHECK(result.status != 0);
  CHECK_THAT(result.error_output, Catch::Contains("/nonexistent/kata-agent"));
  CHECK_FALSE(fs::exists(bench.path("r.lock")));
}

TEST_CASE("RPM packages are chosen, pinned, and installed the same every time",
          "[image-packages]") {
  const RpmBench bench;
  bench.packages("[demo, demo-lib]");
  const CommandResult none = bench.run({"--locked"});
  CHECK_THAT(none.error_output, Catch::Contains("there is no lock file"));
  const CommandResult first = bench.run();
  INFO(first.error_output);
  REQUIRE(first.status == 0);
  CHECK(bench.text("usr/share/demo/text") == "hello\n");
  const Json lock = read_json_file(bench.path("r.lock"));
  CHECK(lock.at("packages").at(0).at("name") == "demo");
  CHECK(lock.at("packages").at(0).at("version") == "1.1-1.el9");
  CHECK(lock.at("packages").at(0).at("repository") == "local");
  const Json sbom = read_json_file(bench.path("out/i.spdx.json"));
  CHECK_THAT(sbom.dump(), Catch::Contains("pkg:rpm/demo@1.1-1.el9?arch=noarch"));
  check_repeats(bench);
  bench.packages("[demo]");
  CHECK_THAT(bench.run({"--locked"}).error_output, Catch::Contains("of another base"));
}

TEST_CASE("a question about packages that were never chosen pins none", "[image-packages]") {
  const DebianBench bench;
  bench.packages("[tiny]");
  const CommandResult asked = bench.run({"--explain", "/usr/share/tiny-lib/text"});
  INFO(asked.error_output);
  REQUIRE(asked.status == 0);
  CHECK_THAT(asked.output, Catch::Contains("a file of 9 bytes"));
  CHECK_FALSE(fs::exists(bench.path("r.lock")));
  CHECK_FALSE(fs::exists(bench.path("out")));
  CHECK(bench.left_behind().empty());
  CHECK(bench.run({"--explain", "/x", "--update-lock"}).status == 0);
  CHECK_FALSE(fs::exists(bench.path("r.lock")));
  CHECK(bench.run({"--explain", "/x", "--locked"}).status == 1);
}

TEST_CASE("inspect reads the rpm database of an image", "[image-packages]") {
  const RpmBench bench;
  bench.packages("[demo, demo-lib]");
  const CommandResult built = bench.run();
  INFO(built.error_output);
  REQUIRE(built.status == 0);
  fs::remove(bench.path("out/i.spdx.json"));  // what is told must come from the image
  RealCommandRunner runner;
  const CommandResult found =
      runner.run({.argv = {KATABUILD, "inspect", "--json", bench.path("out/i.img")}});
  INFO(found.error_output);
  REQUIRE(found.status == 0);
  const Json json = parse_json(found.output, "inspect");
  CHECK(json.at("notes").empty());
  CHECK(json.at("packages_from") == "the rpm database in the image");
  REQUIRE(json.at("packages").size() == 2);
  const Json& first = json.at("packages").at(0);
  CHECK(first.at("name") == "demo");
  CHECK(first.at("version") == "1.1-1.el9");
  CHECK(first.at("architecture") == "noarch");
  CHECK_THAT(first.at("purl").get<std::string>(), Catch::StartsWith("pkg:rpm/"));
  const Json& files = json.at("files");
  const auto file = std::find_if(files.begin(), files.end(), [](const Json& entry) {
    return entry.at("path") == "/usr/share/demo/text";
  });
  REQUIRE(file != files.end());
  CHECK(file->at("package") == "demo");
}

TEST_CASE("RPM packages that are not there or not signed are told", "[image-packages]") {
  const RpmBench bench;
  bench.packages("[demo-lip]");
  CHECK_THAT(bench.run().error_output,
             Catch::Contains("no package demo-lip: did you mean demo-lib"));
  const std::string signer = GENERATE(as<std::string>(), "unsigned", "stranger");
  const RpmBench other(signer);
  other.packages("[demo]");
  const CommandResult result = other.run();
  CHECK(result.status == 1);
  CHECK_THAT(result.error_output, Catch::Contains("check the signatures"));
  CHECK_FALSE(fs::exists(other.path("r.lock")));
  CHECK_FALSE(fs::exists(other.path("out")));
  CHECK(other.left_behind().empty());
}

TEST_CASE("Debian packages are chosen, pinned, and installed the same every time",
          "[image-packages]") {
  const DebianBench bench;
  bench.packages("[tiny]");
  const CommandResult first = bench.run();
  INFO(first.error_output);
  REQUIRE(first.status == 0);
  CHECK(bench.text("usr/share/tiny/text") == "tiny\n");
  CHECK(bench.text("usr/share/tiny-lib/text") == "tiny-lib\n");
  const Json lock = read_json_file(bench.path("r.lock"));
  REQUIRE(lock.at("packages").size() == 2);
  CHECK(lock.at("packages").at(1).at("version") == "1:1.0-1");
  CHECK_THAT(read_json_file(bench.path("out/i.spdx.json")).dump(),
             Catch::Contains("pkg:deb/debian/tiny@2.0-1?arch=all&distro=test"));
  check_repeats(bench);
  bench.packages("[tinny]");
  CHECK_THAT(bench.run().error_output, Catch::Contains("no package tinny: did you mean tiny"));
}

TEST_CASE("an ordinary user with subordinate ids installs packages and runs commands",
          "[image-packages]") {
  test::require_root();  // to become another one
  for (const char* program : {"newuidmap", "setpriv", "unshare"}) test::require_program(program);
  test::require(fs::exists("/etc/subuid") && fs::exists("/etc/subgid"), "subuid",
                "no /etc/subuid to put another in place of");
  const DebianBench bench;
  bench.packages(
      "[tiny]\nrun:\n  - [/bin/busybox, mkdir, -p, /made]\n  - [/bin/busybox, chown, \"7:8\", "
      "/made]\n"
      "overlay: over");
  fs::create_directories(bench.path("over/bin"));
  fs::copy_file("/bin/busybox", bench.path("over/bin/busybox"));
  fs::copy_file(KATABUILD, bench.path("katabuild"));
  write_file(bench.path("ids"), "nobody:300000:65536\n");
  Command build = bench.command();
  build.argv.front() = bench.path("katabuild");
  const std::vector<std::string> before = {
      "unshare",
      "--mount",
      "sh",
      "-c",
      "mount --bind \"$0\" /etc/subuid && mount --bind \"$0\" /etc/subgid && exec \"$@\"",
      bench.path("ids"),
      "setpriv",
      "--reuid=65534",
      "--regid=65534",
      "--clear-groups"};
  build.argv.insert(build.argv.begin(), before.begin(), before.end());
  RealCommandRunner runner;
  REQUIRE(runner.run({.argv = {"chown", "-R", "65534:65534", bench.path()}}).status == 0);
  const CommandResult built = runner.run(build);
  INFO(built.error_output);
  REQUIRE(built.status == 0);
  CHECK(bench.text("usr/share/tiny/text") == "tiny\n");
  const auto entries = bench.entries();
  CHECK(entries.at("usr/share/tiny/text").uid == 0);
  CHECK(entries.at("made").uid == 7);
  CHECK(entries.at("made").gid == 8);
  CHECK(bench.left_behind().empty());
  // root makes the same bytes of the same lock
  const std::string bytes = read_file(bench.path("out/i.img"));
  fs::remove_all(bench.path("out"));
  fs::remove_all(bench.path("cache"));
  const CommandResult closed = bench.run({"--locked"});
  CHECK(closed.status == 1);  // the folder is nobody's, who lets no other user in
  CHECK_THAT(closed.error_output, Catch::Contains("choose another place with --cache"));
  REQUIRE(runner.run({.argv = {"chown", "-R", "0:0", bench.path()}}).status == 0);
  REQUIRE(bench.run({"--locked"}).status == 0);
  CHECK(read_file(bench.path("out/i.img")) == bytes);
}

TEST_CASE("a repository that is away is told, and nothing is left", "[image-packages]") {
  const DebianBench bench;
  bench.packages("[tiny]");
  fs::rename(bench.path("repo"), bench.path("moved"));
  const CommandResult result = bench.run();
  CHECK(result.status == 1);
  CHECK_THAT(result.error_output, Catch::Contains("read the Debian repositories"));
  CHECK(bench.left_behind().empty());
  CHECK_FALSE(fs::exists(bench.path("out")));
}
