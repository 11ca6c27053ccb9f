// SPDX-License-Identifier: Apache-2.0
//
// Bases of packages, from repositories that the test makes.
#include <catch2/catch.hpp>
#include <filesystem>

#include "builder/pipeline/digest.h"
#include "runtime/base/json.h"
#include "tests/integration/builder/image_bench.h"
#include "tests/integration/builder/package_shelf.h"

namespace {

using namespace kata;
using test::ImageBench;
namespace fs = std::filesystem;

void command(const std::vector<std::string>& argv) {
  RealCommandRunner runner;
  Command run{.argv = argv};
  run.env = {"PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C.UTF-8"};
  (void)run_checked(runner, run);
}

/// A repository of the shelf's packages by who signed them.
struct RpmBench : ImageBench {
  explicit RpmBench(const std::string& signer = "main") {
    fs::create_directories(path("repo"));
    for (const char* name : {"demo-1.0-1.el9.noarch.rpm", "demo-1.1-1.el9.noarch.rpm",
                             "demo-lib-1.0-1.el9.noarch.rpm"}) {
      fs::copy_file(test::package_shelf() + "/" + signer + "/" + name, path("repo/") + name);
    }
    fs::copy_file(test::package_shelf() + "/main.asc", path("main.asc"));
    command({"createrepo_c", "-q", path("repo")});
  }
  void packages(const std::string& list) const {
    write_recipe(
        "base:\n  rpm:\n    release: \"9\"\n    repositories: [{id: local, baseurl: \"file://" +
        path("repo") + "\", gpg_keys: main.asc}]\n    packages: " + list + "\n");
  }
};

struct DebianBench : ImageBench {
  DebianBench() {
    make("tiny-lib", "1:1.0-1", "");
    make("tiny", "2.0-1", "tiny-lib");
    std::string index;
    for (const auto& entry : fs::directory_iterator(path("repo"))) {
      const std::string file = entry.path().string();
      RealCommandRunner runner;
      index += run_checked(runner, {.argv = {"dpkg-deb", "--field", file}}).output +
               "Filename: ./" + entry.path().filename().string() +
               "\nSize: " + std::to_string(entry.file_size()) +
               "\nSHA256: " + pipeline::sha256_of_file(file) + "\n\n";
    }
    write_file(path("repo/Packages"), index);
  }
  void packages(const std::string& list) const {
    write_recipe(
        "base:\n  debian:\n    suite: test\n    variant: extract\n    mirrors: [\"deb "
        "[trusted=yes] copy:" +
        path("repo") + " ./\"]\n    packages: " + list + "\n");
  }

 private:
  void make(const std::string& name, const std::string& version, const std::string& needs) const {
    const std::string folder = path("deb/" + name);
    make_directories(folder + "/DEBIAN");
    make_directories(folder + "/usr/share/" + name);
    write_file(folder + "/usr/share/" + name + "/text", name + "\n");
    write_file(folder + "/DEBIAN/control",
               "Package: " + name + "\nVersion: " + version +
                   "\nArchitecture: all\nMaintainer: Nobody <nobody@example.com>\n" +
                   (needs.empty() ? "" : "Depends: " + needs + "\n") + "Description: for tests\n");
    make_directories(path("repo"));
    command({"dpkg-deb", "--root-owner-group", "--build", folder, path("repo")});
  }
};

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
