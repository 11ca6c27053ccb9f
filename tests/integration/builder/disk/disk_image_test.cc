// SPDX-License-Identifier: Apache-2.0
//
// Disk images of katabuild, looked at by the tools of the file systems' own authors.
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <string>
#include <vector>

#include "runtime/base/command.h"
#include "runtime/base/io.h"
#include "runtime/base/json.h"
#include "tests/support/disk_image.h"
#include "tests/support/require.h"

namespace {

using namespace kata;
namespace fs = std::filesystem;

CommandResult run(std::vector<std::string> argv) {
  RealCommandRunner runner;
  Command command;
  command.argv = std::move(argv);
  return runner.run(command);
}

/// A base of a few files of each kind, and images of it.
class Bench {
 public:
  Bench() {
    for (const char* folder : {"bin", "etc", "empty", "usr/share/many"})
      fs::create_directories(base() + "/" + folder);
    std::string text;
    for (int i = 0; i < 40'000; ++i) text += "line " + std::to_string(i) + "\n";
    write_file(base() + "/usr/share/text", text);
    write_file(base() + "/etc/small", "small\n");
    write_file(base() + "/etc/nothing", "");
    fs::create_hard_link(base() + "/etc/small", base() + "/etc/again");
    fs::create_symlink("../etc/small", base() + "/usr/link");
    for (int i = 0; i < 300; ++i)
      write_file(base() + "/usr/share/many/a-rather-long-name-of-file-" + std::to_string(i),
                 std::string(static_cast<std::size_t>(i) * 40, 'x'));
  }

  [[nodiscard]] std::string base() const { return dir_.path() + "/base"; }
  [[nodiscard]] std::string path(const std::string& name) const { return dir_.path() + "/" + name; }

  /// Builds the image with a cache of its own; its manifest.
  [[nodiscard]] Json build(const std::string& name, const std::string& disk) const {
    const std::string recipe = path(name + ".yaml");
    write_file(recipe,
               "name: test\nformat: image\nbase: {directory: " + base() +
                   "}\nagent: {strip: false}\n"
                   "files:\n"
                   "  - {path: /dev/fuse, device: \"c 10:229\", mode: \"0666\"}\n"
                   "  - {path: /etc/owned, content: x, owner: \"70000:12\", mode: \"0750\"}\n"
                   "disk: {" +
                   disk + "}\n");
    const CommandResult built =
        run({KATABUILD, "image", "--recipe", recipe, "--agent", "/bin/true", "--cache",
             path(name + ".cache"), "--output", path(name + ".img")});
    INFO(built.error_output);
    REQUIRE(built.status == 0);
    return parse_json(read_file(path(name + ".manifest.json")), "manifest");
  }

  /// A partition as a file of its own.
  [[nodiscard]] std::string partition(const std::string& name, const Json& manifest,
                                      std::size_t number) const {
    const Json& place = manifest.at("partitions").at(number);
    const std::string text = read_file(path(name + ".img"), std::size_t{1} << 30);
    const std::string file = path(name + "." + std::to_string(number));
    write_file(file, text.substr(place.at("offset").get<std::size_t>(),
                                 place.at("size").get<std::size_t>()));
    return file;
  }

  /// What a file system's own tool has unpacked is the base and what the recipe added.
  void check_unpacked(const std::string& root) const {
    const CommandResult difference = run({"diff", "-r", "--no-dereference", base(), root});
    INFO(difference.output << difference.error_output);
    for (const char* line : {"/etc: owned", ": dev", ": proc", ": init"})
      CHECK(difference.output.find(line) != std::string::npos);
    CHECK(difference.output.find("differ") == std::string::npos);
    CHECK(difference.output.find("Only in " + base()) == std::string::npos);
    struct stat status {};
    REQUIRE(::lstat((root + "/etc/owned").c_str(), &status) == 0);
    CHECK(status.st_uid == 70000);
    CHECK(status.st_gid == 12);
    CHECK((status.st_mode & 07777U) == 0750);
    REQUIRE(::lstat((root + "/dev/fuse").c_str(), &status) == 0);
    CHECK(S_ISCHR(status.st_mode));
    CHECK(major(status.st_rdev) == 10);
    CHECK(minor(status.st_rdev) == 229);
  }

 private:
  TempDir dir_;
};

}  // namespace

TEST_CASE("an erofs image holds the whole tree, and is the same twice", "[disk]") {
  test::require_root();
  test::require_program("fsck.erofs");
  const Bench bench;
  const std::string disk = GENERATE("filesystem: erofs", "filesystem: erofs, dax: true",
                                    "filesystem: erofs, align: 4KiB");
  const Json manifest = bench.build("one", disk);
  (void)bench.build("two", disk);
  CHECK(run({"cmp", bench.path("one.img"), bench.path("two.img")}).status == 0);
  const std::string root = bench.path("root");
  const CommandResult unpacked =
      run({"fsck.erofs", "--extract=" + root, "--preserve", bench.partition("one", manifest, 0)});
  INFO(unpacked.output << unpacked.error_output);
  REQUIRE(unpacked.status == 0);
  bench.check_unpacked(root);
}

TEST_CASE("the hash tree of a measured image is what veritysetup checks", "[disk]") {
  test::require_program("veritysetup");
  const Bench bench;
  const Json manifest = bench.build("one", "filesystem: erofs, verity: true");
  const std::string data = bench.partition("one", manifest, 0);
  const std::string hashes = bench.partition("one", manifest, 1);
  const std::string root_hash = manifest.at("verity").at("root_hash").get<std::string>();
  CHECK(run({"veritysetup", "verify", data, hashes, root_hash}).status == 0);
  std::string changed = read_file(data, std::size_t{1} << 30);
  changed[changed.size() / 2] ^= 1;
  write_file(data, changed);
  CHECK(run({"veritysetup", "verify", data, hashes, root_hash}).status != 0);
  CHECK(read_file(bench.path("one.toml")).find("root_hash=" + root_hash) != std::string::npos);
}

TEST_CASE("a squashfs image holds the whole tree, and is the same twice", "[disk]") {
  test::require_root();
  test::require_program("unsquashfs");
  const Bench bench;
  const Json manifest = bench.build("one", "filesystem: squashfs, partition_table: mbr");
  (void)bench.build("two", "filesystem: squashfs, partition_table: mbr");
  CHECK(run({"cmp", bench.path("one.img"), bench.path("two.img")}).status == 0);
  const std::string root = bench.path("root");
  const CommandResult unpacked =
      run({"unsquashfs", "-d", root, bench.partition("one", manifest, 0)});
  INFO(unpacked.output << unpacked.error_output);
  REQUIRE(unpacked.status == 0);
  bench.check_unpacked(root);
}

TEST_CASE("an ext4 image is clean and the same twice", "[disk]") {
  test::require_program("e2fsck");
  const Bench bench;
  const Json manifest = bench.build("one", "filesystem: ext4, free: 20%");
  (void)bench.build("two", "filesystem: ext4, free: 20%");
  CHECK(run({"cmp", bench.path("one.img"), bench.path("two.img")}).status == 0);
  const std::string data = bench.partition("one", manifest, 0);
  const CommandResult checked = run({"e2fsck", "-fn", data});
  INFO(checked.output << checked.error_output);
  CHECK(checked.status == 0);
  const CommandResult owned = run({"debugfs", "-R", "stat /etc/owned", data});
  CHECK(owned.output.find("User: 70000") != std::string::npos);
  CHECK(owned.output.find("Mode:  0750") != std::string::npos);
}

TEST_CASE("a qcow2 image is the raw one in another form", "[disk]") {
  test::require_program("qemu-img");
  const Bench bench;
  (void)bench.build("one", "filesystem: erofs");
  (void)bench.build("two", "filesystem: erofs, format: qcow2");
  (void)bench.build("three", "filesystem: erofs, format: qcow2");
  CHECK(run({"cmp", bench.path("two.img"), bench.path("three.img")}).status == 0);
  CHECK(run({"qemu-img", "compare", "-f", "raw", "-F", "qcow2", bench.path("one.img"),
             bench.path("two.img")})
            .status == 0);
}
