// SPDX-License-Identifier: Apache-2.0
#include "runtime/hypervisor/guest_image.h"

#include <catch2/catch.hpp>

#include "runtime/base/error.h"
#include "runtime/base/io.h"
#include "tests/support/disk_image.h"

using namespace kata;
using namespace kata::hypervisor;
using Catch::Matchers::Contains;
using test::DiskImage;

namespace {

constexpr std::uint64_t kMib = DiskImage::kMib;

struct Workbench {
  TempDir dir;
  DiskImage image{dir.path() + "/image", 16 * kMib};
  [[nodiscard]] GuestImage read() const { return read_guest_image(image.path()); }
};

/// The magic number of an ext4 file system with blocks of 4 KiB.
void put_ext4(DiskImage& image, std::uint64_t at) {
  image.write(at + 1024 + 24, std::string("\x02\0\0\0", 4));
  image.write(at + 1024 + 56, "\x53\xef");
}

std::string big(std::uint64_t value, int bytes) {
  std::string text;
  for (int i = bytes - 1; i >= 0; --i) text += static_cast<char>(value >> (8 * i));
  return text;
}

/// An image of 1 MiB with clusters of 64 KiB of which only the first is there.
void write_qcow2(DiskImage& image, std::uint64_t entry_flags = 0, std::uint64_t backing = 0) {
  constexpr std::uint64_t kCluster = 65536;
  image.write(0, "QFI\xfb" + big(3, 4) + big(backing, 8) + big(backing, 4) + big(16, 4) +
                     big(kMib, 8) + big(0, 4) + big(1, 4) + big(kCluster, 8));
  image.write(kCluster, big(2 * kCluster, 8));
  image.write(2 * kCluster, big(3 * kCluster | entry_flags, 8));
  put_ext4(image, 3 * kCluster);
}

}  // namespace

TEST_CASE("a bare file system is the whole disk", "[guest_image]") {
  Workbench bench;
  std::string type;
  SECTION("squashfs") { bench.image.write(0, type = "hsqs"); }
  SECTION("xfs") { bench.image.write(0, (type = "XFSB") + big(4096, 4)); }
  SECTION("erofs") { bench.image.write(1024, type = "\xe2\xe1\xf5\xe0"); }
  SECTION("ext4") {
    put_ext4(bench.image, 0);
    type = "ext4";
  }
  const GuestImage image = bench.read();
  CHECK(image.format == "raw");
  CHECK(image.table == PartitionTable::none);
  CHECK(image.root.offset == 0);
  CHECK(image.root.size == 16 * kMib);
  CHECK_FALSE(image.filesystem.empty());
  CHECK_FALSE(image.dax_offset);
  if (type == "ext4") CHECK(image.block_size == 4096);
}

TEST_CASE("the root is the first partition, by either table", "[guest_image]") {
  Workbench bench;
  const bool gpt = GENERATE(true, false);
  const std::vector<DiskImage::Partition> partitions = {{kMib, 4 * kMib}, {8 * kMib, kMib}};
  gpt ? bench.image.write_gpt(partitions) : bench.image.write_mbr(partitions);
  put_ext4(bench.image, kMib);
  const GuestImage image = bench.read();
  CHECK(image.table == (gpt ? PartitionTable::gpt : PartitionTable::mbr));
  CHECK(image.root.offset == kMib);
  CHECK(image.root.size == 4 * kMib);
  REQUIRE(image.second);
  CHECK(image.second->offset == 8 * kMib);
  CHECK(image.filesystem == "ext4");
}

TEST_CASE("upstream's header for persistent memory is found", "[guest_image]") {
  Workbench bench;
  bench.image.write_mbr({{3 * kMib, 13 * kMib}});
  bench.image.write_dax_header(2 * kMib);
  put_ext4(bench.image, 3 * kMib);
  // Without a second table a kernel that takes the file as memory would find no partition.
  CHECK_FALSE(bench.read().dax_offset);
  CHECK_THAT(bench.read().dax_flaw, Contains("partition table"));
  bench.image.write_mbr({{kMib, 13 * kMib}}, 2 * kMib);
  CHECK(bench.read().dax_offset == 2 * kMib);
  CHECK(bench.read().dax_flaw.empty());
  // Nor does it take a header that is damaged.
  bench.image.flip(4096 + 20);
  CHECK_FALSE(bench.read().dax_offset);
  CHECK_THAT(bench.read().dax_flaw, Contains("checksum"));
}

TEST_CASE("a qcow2 image is told by its first bytes and looked into", "[guest_image]") {
  Workbench bench;
  write_qcow2(bench.image);
  const GuestImage image = bench.read();
  CHECK(image.format == "qcow2");
  CHECK(image.disk_size == kMib);
  CHECK(image.filesystem == "ext4");
}

TEST_CASE("what is compressed in a qcow2 image only the guest can see", "[guest_image]") {
  Workbench bench;
  write_qcow2(bench.image, std::uint64_t{1} << 62);
  const GuestImage image = bench.read();
  CHECK(image.table == PartitionTable::unknown);
  CHECK(image.filesystem.empty());
}

TEST_CASE("a qcow2 image that would open other files of the host is refused", "[guest_image]") {
  Workbench bench;
  write_qcow2(bench.image, 0, 512);
  CHECK_THROWS_WITH(bench.read(), Contains("another file of the host"));
}

TEST_CASE("files that are no image are told so", "[guest_image]") {
  Workbench bench;
  CHECK_THROWS_WITH(bench.read(), Contains("is no guest image"));
  bench.image.write(0, std::string(65536, '\xff'));
  CHECK_THROWS_WITH(bench.read(), Contains("is no guest image"));
  bench.image.write(0, std::string(65536, '\0'));
  bench.image.write_mbr({{0, 0}, {kMib, kMib}});
  CHECK_THROWS_WITH(bench.read(), Contains("no partition 1"));
  write_file(bench.dir.path() + "/empty", "");
  CHECK_THROWS_WITH(read_guest_image(bench.dir.path() + "/empty"), Contains("is empty"));
  CHECK_THROWS_AS(read_guest_image(bench.dir.path()), Error);
}

TEST_CASE("a hash tree is on the second partition or behind the data", "[guest_image]") {
  Workbench bench;
  SECTION("second partition") {
    bench.image.write_mbr({{kMib, 4 * kMib}, {8 * kMib, kMib}});
    HashTree tree = find_hash_tree(bench.read(), 4 * kMib, 4096);
    CHECK(tree.on_second_partition);
    CHECK(tree.first_byte == 0);
    bench.image.write(8 * kMib, std::string("verity\0\0", 8));
    tree = find_hash_tree(bench.read(), 4 * kMib, 4096);
    CHECK(tree.first_byte == 4096);
  }
  SECTION("behind the data") {
    bench.image.write(0, "hsqs");
    const HashTree tree = find_hash_tree(bench.read(), 4 * kMib, 4096);
    CHECK_FALSE(tree.on_second_partition);
    CHECK(tree.first_byte == 4 * kMib);
    CHECK_THROWS_WITH(find_hash_tree(bench.read(), 16 * kMib, 4096), Contains("no hash tree"));
    CHECK_THROWS_WITH(find_hash_tree(bench.read(), 17 * kMib, 4096), Contains("another image"));
  }
}
