// SPDX-License-Identifier: Apache-2.0
#include "builder/rootfs/disk/partition_table.h"

#include <catch2/catch.hpp>
#include <string>

#include "builder/rootfs/disk/checksum.h"
#include "builder/rootfs/disk/dax_header.h"
#include "builder/rootfs/disk/disk_file.h"
#include "runtime/base/error.h"

namespace {

using namespace kata;
using namespace kata::rootfs;

std::uint64_t number(const std::string& bytes, std::size_t at, unsigned size) {
  std::uint64_t value = 0;
  for (unsigned i = size; i-- > 0;)
    value = value << 8 | static_cast<unsigned char>(bytes.at(at + i));
  return value;
}

}  // namespace

TEST_CASE("the checksums are those of their specifications", "[disk]") {
  CHECK(crc32("123456789") == 0xcbf43926);
  CHECK(~crc32c(~0U, "123456789") == 0xe3069283);
  // Words 1 and 2: 1 + 2 below, 1 + (1 + 2) above
  CHECK(fletcher64(std::string("\1\0\0\0\2\0\0\0", 8)) == 0x0000000400000003);
}

TEST_CASE("a GPT has two copies that name each other, with their sums", "[disk]") {
  constexpr std::uint64_t kSize = 8U << 20;
  const Partition root{.use = PartitionUse::root,
                       .offset = 1U << 20,
                       .size = 3U << 20,
                       .is_read_only = true,
                       .uuid = derived_uuid("content", "root")};
  const Uuid disk = derived_uuid("content", "disk");
  const GptBytes gpt = gpt_bytes({root}, kSize, disk);
  REQUIRE(gpt.begin.size() == 34 * kSector);
  REQUIRE(gpt.end.size() == kGptEnd);
  // The protective MBR covers the disk
  CHECK(number(gpt.begin, 446 + 4, 1) == 0xee);
  CHECK(number(gpt.begin, 446 + 12, 4) == kSize / kSector - 1);
  CHECK(number(gpt.begin, 510, 2) == 0xaa55);
  const std::string first = gpt.begin.substr(kSector, kSector);
  const std::string second = gpt.end.substr(gpt.end.size() - kSector);
  CHECK(number(first, 24, 8) == number(second, 32, 8));
  CHECK(number(first, 32, 8) == kSize / kSector - 1);
  CHECK(number(second, 72, 8) == kSize / kSector - 33);
  for (const std::string& header : {first, second}) {
    std::string unsummed = header.substr(0, 92);
    unsummed.replace(16, 4, 4, '\0');
    CHECK(number(header, 16, 4) == crc32(unsummed));
    CHECK(number(header, 88, 4) == crc32(gpt.end.substr(0, 32 * kSector)));
  }
  const std::string entry = gpt.end.substr(0, 128);
  CHECK(number(entry, 0, 4) == 0x4f68bce3);  // root for x86-64
  CHECK(number(entry, 32, 8) == 2048);
  CHECK(number(entry, 40, 8) == 2048 + 6144 - 1);
  CHECK(number(entry, 48, 8) == std::uint64_t{1} << 60);
}

TEST_CASE("numbers of a disk come from its content", "[disk]") {
  CHECK(derived_uuid("a", "disk") == derived_uuid("a", "disk"));
  CHECK(derived_uuid("a", "disk") != derived_uuid("b", "disk"));
  CHECK(derived_uuid("a", "disk") != derived_uuid("a", "root"));
  const std::string text = uuid_text(derived_uuid("a", "disk"));
  CHECK(text.size() == 36);
  CHECK(text[14] == '8');  // the version
}

TEST_CASE("an MBR says where partitions are, up to 2 TiB", "[disk]") {
  const std::string mbr =
      mbr_bytes({{.use = PartitionUse::root, .offset = 1U << 20, .size = 4096},
                 {.use = PartitionUse::verity, .offset = 2U << 20, .size = 8192}},
                0x12345678);
  REQUIRE(mbr.size() == kSector);
  CHECK(number(mbr, 440, 4) == 0x12345678);
  CHECK(number(mbr, 446 + 4, 1) == 0x83);
  CHECK(number(mbr, 446 + 8, 4) == 2048);
  CHECK(number(mbr, 462 + 8, 4) == 4096);
  CHECK(number(mbr, 462 + 12, 4) == 16);
  CHECK_THROWS_AS(
      mbr_bytes({{.use = PartitionUse::root, .offset = 1U << 20, .size = std::uint64_t{3} << 40}},
                1),
      Error);
}

TEST_CASE("the DAX header is a struct nd_pfn_sb of version 1.2", "[disk]") {
  const Uuid uuid = derived_uuid("content", "dax");
  const std::string header = dax_header_bytes(uuid);
  REQUIRE(header.size() == 4096);
  CHECK(header.substr(0, 16) == std::string("NVDIMM_PFN_INFO\0", 16));
  CHECK(header.substr(16, 16) == std::string(uuid.begin(), uuid.end()));
  CHECK(header.substr(32, 16) == std::string(16, '\0'));  // parent_uuid of a namespace without one
  CHECK(number(header, 52, 2) == 1);
  CHECK(number(header, 54, 2) == 2);
  CHECK(number(header, 56, 8) == 2U << 20);  // dataoff
  CHECK(number(header, 72, 4) == 1);         // mode: PFN_MODE_RAM
  CHECK(number(header, 84, 4) == 2U << 20);  // align
  std::string unsummed = header;
  unsummed.replace(4088, 8, 8, '\0');
  CHECK(number(header, 4088, 8) == fletcher64(unsummed));
}
