// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>
#include <string>
#include <utility>
#include <vector>

#include "builder/inspect/difference.h"
#include "builder/inspect/text_report.h"
#include "runtime/base/error.h"
#include "runtime/base/io.h"
#include "runtime/base/json.h"
#include "tests/support/require.h"
#include "tests/unit/builder/image_build.h"

namespace {

using namespace kata;
using namespace kata::recipe;

/// katabuild's own images of one tree.
struct Bench : test::ImageBuild {
  Bench() {
    std::string text;
    for (int i = 0; text.size() < 300'000; ++i) text += std::to_string(i * i) + " of a text\n";
    ImageFile& first = add("/etc/long", text);
    first.uid = 70'000;
    first.gid = 5;
    add("/etc/small", "small\n").mode = 04755U;
    add("/etc/empty", "");
    add_link("/etc/link", "long");
    add_link("/etc/far", std::string(200, 'x'));
    add_device("/dev/fuse", false, 10, 229);
    add_device("/dev/big", true, 259, 70'000);
    for (int i = 0; i < 300; ++i)
      add("/many/a-name-that-takes-some-room-" + std::to_string(i), std::to_string(i));
  }
  ImageFile& add(const std::string& path, const std::string& content) {
    ImageFile& file = recipe.files.emplace_back();
    file.path = path;
    file.content = content;
    return file;
  }
  void add_link(const std::string& path, const std::string& target) {
    ImageFile& file = add(path, "");
    file.kind = FileKind::symlink;
    file.target = target;
  }
  void add_device(const std::string& path, bool block, unsigned major, unsigned minor) {
    ImageFile& file = add(path, "");
    file.kind = FileKind::device;
    file.block_device = block;
    file.device_major = major;
    file.device_minor = minor;
  }
  inspect::Inspection build(const std::string& name) { return look(run(name + ".img").image.path); }
  static inspect::Inspection look(const std::string& image) {
    RealCommandRunner runner;
    return inspect::inspect_image(image, runner);
  }
  inspect::Inspection disk(FileSystem type, PartitionTable table, bool verity) {
    recipe.format = ImageFormat::disk;
    recipe.disk.filesystem = type;
    recipe.disk.table = table;
    recipe.disk.verity = verity;
    return build("disk");
  }
};

}  // namespace

TEST_CASE("a disk image holds what the initrd of the same recipe does", "[inspect]") {
  Bench bench;
  const inspect::Inspection initrd = bench.build("initrd");
  bench.recipe.files[1].capabilities = "cap_net_raw+ep";  // an initrd cannot hold them
  bench.recipe.compression.is_given = true;
  for (const auto& [type, compression] : {std::pair{FileSystem::ext4, CompressionType::none},
                                          {FileSystem::erofs, CompressionType::none},
                                          {FileSystem::erofs, CompressionType::lz4},
                                          {FileSystem::squashfs, CompressionType::none},
                                          {FileSystem::squashfs, CompressionType::gzip},
                                          {FileSystem::squashfs, CompressionType::lz4},
                                          {FileSystem::squashfs, CompressionType::xz},
                                          {FileSystem::squashfs, CompressionType::zstd}}) {
    CAPTURE(file_system_name(type), compression_name(compression));
    bench.recipe.compression.type = compression;
    const inspect::Inspection disk = bench.disk(type, PartitionTable::gpt, false);
    const inspect::Difference difference = inspect::compare(initrd, disk);
    INFO(inspect::text_of(difference, 0));
    std::vector<std::string> changes;
    for (const inspect::FileChange& change : difference.files) {
      // what a kernel looks for on a disk only
      if (!change.path.starts_with("/sbin")) changes.push_back(change.path + " " + change.what);
    }
    CHECK(changes == std::vector<std::string>{"/etc/small attributes"});
    REQUIRE(disk.disk);
    CHECK(disk.disk->table == "gpt");
    REQUIRE(disk.disk->partitions.size() == 1);
    CHECK(disk.disk->partitions[0].file_system == file_system_name(type));
    CHECK(disk.agent.has_value());
    CHECK(disk.notes.empty());
    CHECK_THAT(inspect::text_report(disk, {}), Catch::Contains("cap_net_raw=ep 0:0  /etc/small") &&
                                                   Catch::Contains("setuid   0:0  /etc/small"));
  }
}

TEST_CASE("a qcow2 image shows what the raw one does", "[inspect]") {
  test::require_program("qemu-img");
  Bench bench;
  const inspect::Inspection raw = bench.disk(FileSystem::erofs, PartitionTable::gpt, true);
  bench.recipe.disk.format = DiskFormat::qcow2;
  const inspect::Inspection found = bench.disk(FileSystem::erofs, PartitionTable::gpt, true);
  CHECK(found.disk->format == "qcow2");
  CHECK(found.disk->virtual_size == raw.size);
  CHECK(found.size < raw.size);
  CHECK(found.disk->verity->root_hash == raw.disk->verity->root_hash);
  CHECK(inspect::compare(raw, found).files.empty());
  CHECK(found.content.entries.size() == raw.content.entries.size());
  std::string bytes = read_file(found.path);
  bytes[100] ^= '\x7f';  // the header's length
  write_file(found.path, bytes);
  CHECK_THROWS_AS(Bench::look(found.path), Error);
}

TEST_CASE("verity's root hash comes from the tree in the image", "[inspect]") {
  Bench bench;
  const inspect::Inspection found = bench.disk(FileSystem::erofs, PartitionTable::mbr, true);
  REQUIRE(found.disk->verity);
  const Json manifest = read_json_file(bench.path("disk.manifest.json"));
  CHECK(found.disk->table == "mbr");
  CHECK(found.disk->verity->root_hash == manifest.at("verity").at("root_hash").get<std::string>());
  CHECK(found.disk->verity->salt == manifest.at("verity").at("salt").get<std::string>());
  CHECK(found.disk->verity->data_blocks == manifest.at("verity").at("data_blocks"));
  CHECK(found.kernel_parameters == manifest.at("kernel_params").get<std::string>());
  // a changed byte in the top of the tree is another root hash, and another file than the
  // manifest's
  std::string bytes = read_file(bench.path("disk.img"));
  bytes[found.disk->partitions[1].offset + 4096] ^= '\x01';
  write_file(bench.path("disk.img"), bytes);
  const inspect::Inspection changed = Bench::look(found.path);
  CHECK(changed.disk->verity->root_hash != found.disk->verity->root_hash);
  CHECK(changed.manifest.fit == inspect::Fit::other_file);
  CHECK(changed.kernel_parameters.empty());
}

TEST_CASE("a damaged disk image is one clear error", "[inspect]") {
  Bench bench;
  const std::string path = bench.path("disk.img");
  const auto error = [&](const std::string& bytes) {
    write_file(path, bytes);
    try {
      (void)Bench::look(path);
    } catch (const Error& e) {
      return std::string(e.what());
    }
    return std::string("no error");
  };
  for (const FileSystem type : {FileSystem::ext4, FileSystem::erofs, FileSystem::squashfs}) {
    CAPTURE(file_system_name(type));
    const inspect::Inspection found = bench.disk(type, PartitionTable::gpt, false);
    const std::string good = read_file(path);
    CHECK_THAT(error(good.substr(0, good.size() / 2)),
               Catch::Contains("the image has") || Catch::Contains("GPT is damaged"));
    std::string bad = good;
    bad.replace(1024 + 40, 8, "\xff\xff\xff\xff\xff\xff\xff\x7f");
    CHECK_THAT(error(bad), Catch::Contains("GPT is damaged"));
    // whatever single byte is wrong in what describes the files: an error or other files, no crash
    const std::size_t begin = found.disk->partitions[0].offset;
    for (std::size_t i = 0; i < 40; ++i) {
      bad = good;
      bad[begin + 1024 + i * 41 % 20'000] ^= static_cast<char>(1U << (i % 8));
      CHECK(error(bad).size() < 2000);
    }
  }
  CHECK_THAT(error("QFI\xfb, and cut off"),
             Catch::Contains(path) && Catch::Contains("said to be at byte 32"));
  CHECK_THAT(error("rubbish"),
             Catch::Contains("neither an initrd") && Catch::Contains("nor a disk"));
}
