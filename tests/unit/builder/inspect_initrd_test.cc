// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>
#include <chrono>

#include "builder/archive/compress.h"
#include "builder/inspect/file_capabilities.h"
#include "builder/inspect/initrd.h"
#include "builder/inspect/text_report.h"
#include "runtime/base/error.h"
#include "runtime/base/io.h"
#include "tests/unit/builder/newc_text.h"

namespace {

using namespace kata;
using namespace kata::inspect;
using test::newc;
using test::NewcFile;

struct Bench {
  TempDir dir;
  std::string image = dir.path() + "/initrd.img";
  RealCommandRunner runner;

  std::string compressed(const std::string& bytes, recipe::CompressionType type) const {
    write_file(dir.path() + "/plain", bytes);
    (void)archive::compress_file(dir.path() + "/plain", dir.path() + "/packed", {type, 1});
    return read_file(dir.path() + "/packed");
  }
  Content read(const std::string& bytes) const {
    write_file(image, bytes);
    return read_initrd(image, dir.path());
  }
  std::string error(const std::string& bytes) const {
    try {
      (void)read(bytes);
    } catch (const Error& e) {
      return e.what();
    }
    return "no error";
  }
  Inspection inspect(const std::string& bytes) {
    write_file(image, bytes);
    return inspect_image(image, runner);
  }
};

std::string sha256_of(const Content& content, const std::string& path) {
  return content.bytes.at(*content.entries.at(path).bytes).sha256;
}

}  // namespace

TEST_CASE("an initrd is read whatever compresses it", "[inspect]") {
  const Bench bench;
  const std::string bytes = newc({{.path = "a", .text = "alpha"}, {.path = "b/c", .text = "x"}});
  const std::string plain_sha256 = pipeline::sha256_of_text("alpha");
  const auto [type, name] = GENERATE(table<recipe::CompressionType, std::string>(
      {{recipe::CompressionType::none, "cpio"},
       {recipe::CompressionType::gzip, "cpio in gzip"},
       {recipe::CompressionType::xz, "cpio in xz"},
       {recipe::CompressionType::lz4, "cpio in lz4"},
       {recipe::CompressionType::zstd, "cpio in zstd"}}));
  const Content content = bench.read(bench.compressed(bytes, type));
  CHECK(content.segments == std::vector<std::string>{name});
  CHECK(content.entries.size() == 2);
  CHECK(sha256_of(content, "a") == plain_sha256);
  CHECK(content.unpacked_size == bytes.size());
}

TEST_CASE("archives follow each other in an initrd, and the last of a name counts", "[inspect]") {
  const Bench bench;
  const std::string first =
      newc({{.path = "a", .text = "early"}, {.path = "microcode", .text = "m"}});
  const std::string second = newc({{.path = "a", .text = "late"}});
  const std::string third = newc({{.path = "tail", .text = "t"}});
  const Content content = bench.read(
      first + std::string(512, '\0') + bench.compressed(second, recipe::CompressionType::zstd) +
      std::string(3, '\0') + bench.compressed(third, recipe::CompressionType::gzip));
  CHECK(content.segments == std::vector<std::string>{"cpio", "cpio in zstd", "cpio in gzip"});
  CHECK(content.entries.size() == 3);
  CHECK(sha256_of(content, "a") == pipeline::sha256_of_text("late"));
  // a compressed part that a plain one follows
  std::string packed = bench.compressed(second, recipe::CompressionType::xz);
  packed.resize((packed.size() + 3) / 4 * 4);
  CHECK(bench.read(packed + first).segments == std::vector<std::string>{"cpio in xz", "cpio"});
}

TEST_CASE("the names of one file in an initrd share their bytes", "[inspect]") {
  const Bench bench;
  const Content content =
      bench.read(newc({{.path = "one", .inode = 7, .links = 2},
                       {.path = "two", .text = "shared", .inode = 7, .links = 2},
                       {.path = "three", .text = "shared", .inode = 8}}));
  CHECK(content.entries.at("one").bytes == content.entries.at("two").bytes);
  CHECK(content.entries.at("one").entry.size == 6);
  CHECK(content.entries.at("one").is_first_name);
  CHECK_FALSE(content.entries.at("two").is_first_name);
  CHECK(content.entries.at("three").bytes != content.entries.at("two").bytes);
}

TEST_CASE("what is no whole initrd is refused with its reason", "[inspect]") {
  const Bench bench;
  const std::string good = newc({{.path = "file", .text = std::string(100, 'x')}});
  const auto changed = [&](std::size_t at, const std::string& text) {
    std::string bytes = good;
    return bytes.replace(at, text.size(), text);
  };
  for (std::size_t size : {std::size_t{20}, std::size_t{112}, std::size_t{150}, good.size() - 20})
    CHECK_THAT(bench.error(good.substr(0, size)), Catch::Contains("is cut off"));
  CHECK_THAT(bench.error(changed(6 + 8 * 6, "FFFFFFFF")), Catch::Contains("is cut off"));
  CHECK_THAT(bench.error(changed(6 + 8 * 11, "FFFFFFFF")),
             Catch::Contains("a name of 4294967295 bytes"));
  CHECK_THAT(bench.error(changed(6 + 8 * 11, "00000000")), Catch::Contains("a name of 0 bytes"));
  CHECK_THAT(bench.error(changed(6, "zz")), Catch::Contains("something else than digits"));
  CHECK_THAT(bench.error(changed(0, "070707")),
             Catch::Contains("no cpio header of the format newc"));
  CHECK_THAT(bench.error(good + "rubbish"), Catch::Contains("neither a cpio archive"));
  CHECK_THAT(bench.error(std::string(1000, '\0')), Catch::Contains("no archive in it"));
  CHECK_THAT(bench.error(""), Catch::Contains("no archive in it"));
  CHECK_THAT(bench.error("\x02\x21"), Catch::Contains("ends in the middle of its lz4 data"));
  CHECK_THAT(bench.error("\x02\x21xx"), Catch::Contains("the lz4 data is damaged"));
  CHECK_THAT(bench.error(newc({{.path = "l", .text = std::string(5000, 'x'), .mode = 0120777}})),
             Catch::Contains("a target of 5000 bytes"));
  for (const auto type : {recipe::CompressionType::gzip, recipe::CompressionType::xz,
                          recipe::CompressionType::lz4, recipe::CompressionType::zstd}) {
    const std::string packed = bench.compressed(good, type);
    CAPTURE(static_cast<int>(type));
    CHECK_THAT(bench.error(packed.substr(0, packed.size() / 2)),
               Catch::Contains("ends in the middle") || Catch::Contains("damaged"));
    std::string damaged = packed;
    for (std::size_t i = packed.size() / 2; i < packed.size() / 2 + 8; ++i) damaged[i] ^= '\x55';
    CHECK(bench.error(damaged) != "no error");
  }
}

TEST_CASE("an inspection tells what is privileged and cannot steer a terminal", "[inspect]") {
  Bench bench;
  const Inspection found = bench.inspect(
      newc({{.path = "bin", .mode = 0040755},
            {.path = "bin/su", .text = "s", .mode = 0104755},
            {.path = "evil\x1b[2J\nname", .text = std::string(3000, 'e'), .mode = 0102755},
            {.path = "loop", .text = "loop", .mode = 0120777},
            {.path = "etc/os-release", .text = "ID=demo\nPRETTY_NAME=\"Demo \x1b[31m1\"\n"}}));
  const std::string text = text_report(found, {});
  CHECK_THAT(text, Catch::Contains("files with privileges: 2") &&
                       Catch::Contains("setuid   0:0  /bin/su") &&
                       Catch::Contains("setgid   0:0  /evil?[2J?name"));
  CHECK_THAT(text, Catch::Contains("Demo ?[31m1"));
  CHECK(text.find('\x1b') == std::string::npos);
  CHECK_FALSE(resolve(found.content, "loop/x").has_value());
  const Json json = parse_json(json_report(found).dump(), "the report");
  CHECK(json.at("privileged").size() == 2);
  CHECK(json.at("content_size") == 1 + 3000 + 34);
}

TEST_CASE("a manifest beside the image counts only when it is of that file", "[inspect]") {
  Bench bench;
  const std::string bytes = newc({{.path = "a", .text = "a"}});
  const std::string manifest = bench.dir.path() + "/initrd.manifest.json";
  const auto text_with = [&](const std::string& sha256) {
    write_file(
        manifest,
        Json{{"name", "demo"}, {"kernel_params", "quiet"}, {"file", {{"sha256", sha256}}}}.dump());
    return text_report(bench.inspect(bytes), {});
  };
  CHECK_THAT(text_with(pipeline::sha256_of_text(bytes)), Catch::Contains("demo") &&
                                                             Catch::Contains("quiet") &&
                                                             !Catch::Contains("does not fit"));
  CHECK_THAT(text_with(std::string(64, '0')),
             Catch::Contains("initrd.manifest.json, does not fit it: it is about a file with") &&
                 !Catch::Contains("quiet"));
  write_file(manifest, "{");
  CHECK_THAT(text_report(bench.inspect(bytes), {}), Catch::Contains("not valid JSON"));
}

TEST_CASE("packages are read from dpkg's database in the image", "[inspect]") {
  Bench bench;
  const Inspection found = bench.inspect(
      newc({{.path = "bin", .text = "usr/bin", .mode = 0120777},
            {.path = "usr/bin/tool", .text = std::string(1000, 't'), .mode = 0100755},
            {.path = "usr/bin/own", .text = std::string(500, 'o'), .mode = 0100755},
            {.path = "etc/os-release", .text = "ID=debian\n"},
            {.path = "var/lib/dpkg/status",
             .text = "Package: tool\nStatus: install ok installed\nVersion: 1:2.0-1+b1\n"
                     "Architecture: amd64\nDescription: a tool\n Version: 9\n\n"
                     "Package: gone\nStatus: deinstall ok config-files\nVersion: 1\n\n"},
            {.path = "var/lib/dpkg/info/tool:amd64.list",
             .text = "/.\n/bin\n/bin/tool\n/not/there\n"}}));
  REQUIRE(found.packages.list.size() == 1);
  CHECK(found.packages.list[0].component.version == "1:2.0-1+b1");
  CHECK(found.packages.list[0].component.purl == "pkg:deb/debian/tool@1%3A2.0-1%2Bb1?arch=amd64");
  CHECK(found.owners.size() == 1);
  CHECK(found.owners.contains("usr/bin/tool"));
  CHECK_THAT(text_report(found, {}), Catch::Contains("1, by the dpkg database in the image") &&
                                         Catch::Contains("1000 bytes") &&
                                         Catch::Contains("tool  (1 file)"));
}

TEST_CASE("file capabilities are told as setcap takes them", "[inspect]") {
  using namespace std::string_literals;
  CHECK(capabilities_text(
            "\x01\x00\x00\x02\x00\x30\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"s) ==
        "cap_net_admin,cap_net_raw=ep");
  CHECK(
      capabilities_text(
          "\x00\x00\x00\x03\x01\x00\x00\x00\x02\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\xe8\x03\x00\x00"s) ==
      "cap_dac_override=i cap_chown=p rootid=1000");
  CHECK(capabilities_text("rubbish") == "7 bytes that are no capabilities");
}
