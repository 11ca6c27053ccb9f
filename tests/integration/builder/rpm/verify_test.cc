// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>
#include <filesystem>

#include "tests/integration/builder/rpm/package_bench.h"

namespace {

using namespace kata;
using test::PackageBench;
namespace fs = std::filesystem;

CommandResult verify(const std::vector<std::string>& arguments) {
  Command command;
  command.argv = {KATABUILD, "verify"};
  command.argv.insert(command.argv.end(), arguments.begin(), arguments.end());
  RealCommandRunner runner;
  return runner.run(command);
}

void flip_byte(const std::string& path, std::size_t from_end) {
  std::string bytes = read_file(path);
  bytes[bytes.size() - from_end] = static_cast<char>(bytes[bytes.size() - from_end] ^ 1);
  write_file(path, bytes);
}

}  // namespace

TEST_CASE("signed packages verify with their key and with no other", "[rpm]") {
  const PackageBench bench;
  for (const char* release : {"el7", "el9"})
    REQUIRE(bench.build(release, {"--package", "kata-agent", "--trial-key"}).status == 0);
  const std::string key = bench.path("out/RPM-GPG-KEY-kata");
  const CommandResult good = verify({bench.path("out"), "--key", key});
  INFO(good.error_output);
  CHECK(good.status == 0);
  CHECK(good.output == "4 packages, 0 faults\n");
  CHECK(verify({bench.path("out"), "--digests-only"}).status == 0);

  const CommandResult no_key = verify({bench.path("out")});
  CHECK(no_key.status == 2);
  CHECK_THAT(no_key.error_output, Catch::Contains("name the public key with --key FILE"));

  const std::string home = bench.path("stranger");
  bench.make_key(home, "stranger@example.com");
  write_file(bench.path("stranger.asc"), bench.gpg(home, {"--armor", "--export"}).output);
  test::output_of({"gpgconf", "--homedir", home, "--kill", "gpg-agent"});
  const CommandResult foreign = verify({bench.path("out"), "--key", bench.path("stranger.asc")});
  CHECK(foreign.status == 1);
  CHECK_THAT(foreign.error_output, Catch::Contains(bench.package("el9", "x86_64", "kata-agent") +
                                                   ": Header V4 RSA/SHA256 Signature") &&
                                       Catch::Contains("signed by none of the keys given"));
}

TEST_CASE("what is wrong with a package is told with its name", "[rpm]") {
  const PackageBench bench;
  REQUIRE(bench.build("el9", {"--package", "kata-agent", "--trial-key"}).status == 0);
  const std::string package = bench.package("el9", "x86_64", "kata-agent");
  const std::string key = bench.path("out/RPM-GPG-KEY-kata");
  std::string path = bench.path("out/el9");
  std::string expected;
  SECTION("a flipped byte in the payload") {
    flip_byte(package, 10);
    expected = package + ": Payload SHA256 digest: BAD";
  }
  SECTION("a flipped byte in the header") {
    std::string bytes = read_file(package);
    bytes[bytes.find("Agent of Kata")] = 'a';
    write_file(package, bytes);
    expected = package + ": Header V4 RSA/SHA256 Signature";
  }
  SECTION("cut off") {
    fs::resize_file(package, fs::file_size(package) / 2);
    expected = package + ": ";
  }
  SECTION("no package at all") {
    write_file(package, "nothing");
    expected = package + ": ";
  }
  SECTION("not signed") {
    test::output_of({"rpmsign", "--delsign", package});
    expected = package + ": it is not signed";
  }
  SECTION("the same name and version, but other bytes") {
    fs::create_directories(bench.path("out/el9/again"));
    const std::string twin = bench.path("out/el9/again/") + fs::path(package).filename().string();
    fs::copy_file(package, twin);
    test::output_of({"rpmsign", "--delsign", twin});
    expected = "but other bytes";
  }
  SECTION("not what packages.json says") {
    fs::copy_file(bench.package("el9", "SRPMS", "kata-agent"), package,
                  fs::copy_options::overwrite_existing);
    path = bench.path("out");
    expected = package + ": its sha256 is ";
  }
  SECTION("not there") {
    fs::remove(package);
    path = bench.path("out");
    expected = package + ": packages.json lists it, but it is not there";
  }
  const CommandResult result = verify({path, "--key", key});
  CHECK(result.status == 1);
  CHECK_THAT(result.error_output, Catch::Contains(expected));
  CHECK_THAT(result.output, !Catch::Contains(" 0 faults"));
}

TEST_CASE("an expired key checks nothing", "[rpm]") {
  const PackageBench bench;
  REQUIRE(bench.build("el9", {"--package", "kata-agent", "--trial-key"}).status == 0);
  const std::string home = bench.path("old");
  bench.make_key(home, "old@example.com", "", "1d", {"--faked-system-time", "20200101T000000"});
  write_file(bench.path("old.asc"), bench.gpg(home, {"--armor", "--export"}).output);
  test::output_of({"gpgconf", "--homedir", home, "--kill", "gpg-agent"});
  const std::string package = bench.package("el9", "x86_64", "kata-agent");
  const CommandResult result = verify({package, "--key", bench.path("old.asc")});
  CHECK(result.status == 1);
  CHECK_THAT(result.error_output, Catch::Contains("old.asc: old@example.com") &&
                                      Catch::Contains("it expired on 2020-01-02"));
  const CommandResult none = verify({package, "--key", bench.path("missing.asc")});
  CHECK(none.status == 1);
  CHECK_THAT(none.error_output, Catch::Contains("missing.asc: there is no such file"));
}
