// SPDX-License-Identifier: Apache-2.0
//
// Disk images of katabuild, looked at by the tools of the file systems' own authors.
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "runtime/base/command.h"
#include "runtime/base/io.h"
#include "runtime/base/json.h"
#include "tests/integration/builder/image_bench.h"
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
  /// `more` are lines of the recipe's `files`.
  [[nodiscard]] Json build(const std::string& name, const std::string& disk,
                           const std::string& more = "") const {
    const std::string recipe = path(name + ".yaml");
    write_file(recipe,
               "name: test\nformat: image\nbase: {directory: " + base() +
                   "}\nagent: {strip: false}\n"
                   "files:\n"
                   "  - {path: /dev/fuse, device: \"c 10:229\", mode: \"0666\"}\n"
                   "  - {path: /etc/owned, content: x, owner: \"70000:12\", mode: \"0750\"}\n" +
                   more + "disk: {" + disk + "}\n");
    RealCommandRunner runner;
    const CommandResult built = runner.run(
        test::image_command(recipe, path(name + ".img"), path(name + ".cache"), "/bin/true"));
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

TEST_CASE("an xfs image is clean, the same twice, and holds what an erofs does", "[disk]") {
  test::require_program("xfs_repair");
  const Bench bench;
  const std::string disk = "filesystem: xfs, partition_table: none";
  // folders in an inode, in a block, and with each form of an index; more inodes than one leaf
  fs::create_directories(bench.base() + "/few");
  write_file(bench.base() + "/few/one", "1");
  for (const auto& [folder, count] : {std::pair{"/block", 60}, {"/tree", 17'000}}) {
    fs::create_directories(bench.base() + folder);
    for (int i = 0; i < count; ++i)
      write_file(bench.base() + folder + "/name-of-some-length-" + std::to_string(i), "");
  }
  const std::string files =
      "  - {path: /etc/noted, content: x, xattrs: {user.one: y, user.two: z}}\n"
      "  - {path: /etc/much, content: x, xattrs: {user.one: " +
      std::string(300, 'y') + ", user.two: " + std::string(9000, 'z') +
      "}}\n"
      "  - {path: /few/probe, content: x, capabilities: cap_net_raw+ep}\n"
      "  - {path: /etc/near, symlink: " +
      std::string(336, 'x') +
      "}\n"
      "  - {path: /etc/far, symlink: " +
      std::string(1023, 'x') + "}\n";
  (void)bench.build("one", disk, files);
  (void)bench.build("two", disk, files);
  CHECK(run({"cmp", bench.path("one.img"), bench.path("two.img")}).status == 0);
  const CommandResult checked = run({"xfs_repair", "-n", "-f", bench.path("one.img")});
  INFO(checked.output << checked.error_output);
  CHECK(checked.status == 0);
  (void)bench.build("three", "filesystem: erofs", files);
  const CommandResult difference =
      run({KATABUILD, "inspect", "--diff", bench.path("one.img"), bench.path("three.img")});
  INFO(difference.output << difference.error_output);
  CHECK(difference.status == 0);
}

TEST_CASE("an xfs whose attributes do not fit is told", "[disk]") {
  const Bench bench;
  const std::string name(200, 'n');
  std::string files = "  - {path: /etc/much, content: x, xattrs: {";
  for (int i = 0; i < 30; ++i)
    files += (i > 0 ? ", user." : "user.") + name + std::to_string(i) + ": y";
  write_file(bench.path("r.yaml"),
             "name: test\nformat: image\nagent: {strip: false}\nbase: {directory: " + bench.base() +
                 "}\ndisk: {filesystem: xfs}\nfiles:\n" + files + "}}\n");
  RealCommandRunner runner;
  const CommandResult result = runner.run(test::image_command(
      bench.path("r.yaml"), bench.path("one.img"), bench.path("cache"), "/bin/true"));
  CHECK(result.status == 2);
  CHECK_THAT(result.error_output, Catch::Contains("/etc/much: its attributes take more than"));
  CHECK_FALSE(fs::exists(bench.path("one.img")));
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
