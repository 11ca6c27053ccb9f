// SPDX-License-Identifier: Apache-2.0
#include "builder/inspect/disk_facts.h"

#include <algorithm>
#include <string_view>

#include "builder/inspect/image_bytes.h"
#include "builder/pipeline/digest.h"
#include "runtime/base/error.h"
#include "runtime/base/foreign_text.h"

namespace kata::inspect {
namespace {

using namespace std::string_view_literals;

constexpr std::uint64_t kSector = 512;

std::string hexadecimal(std::string_view bytes) {
  std::string text;
  for (const char c : bytes) text += fmt::format("{:02x}", static_cast<unsigned char>(c));
  return text;
}

std::string guid_text(std::string_view b) {
  return fmt::format("{:08x}-{:04x}-{:04x}-{}-{}", little(b, 0, 4), little(b, 4, 2),
                     little(b, 6, 2), hexadecimal(b.substr(8, 2)), hexadecimal(b.substr(10, 6)));
}

/// A GPT's label is UTF-16; ours, and everybody's, are ASCII.
std::string label_text(std::string_view bytes) {
  std::string text;
  for (std::size_t i = 0; i + 1 < bytes.size(); i += 2) {
    const std::uint64_t unit = little(bytes, i, 2);
    if (unit == 0) break;
    text += unit >= ' ' && unit < 0x7f ? static_cast<char>(unit) : '?';
  }
  return text;
}

std::string file_system_at(const ImageBytes& disk, std::uint64_t offset) {
  const std::string head = disk.read(offset, 2048);
  if (head.starts_with("XFSB")) return "xfs";
  if (head.starts_with("hsqs")) return "squashfs";
  if (head.starts_with("verity\0\0"sv)) return "verity";
  if (head.size() >= 1028 && little(head, 1024, 4) == 0xE0F5E1E2) return "erofs";
  if (head.size() >= 1082 && little(head, 1080, 2) == 0xEF53) return "ext4";
  return {};
}

void add_partition(const ImageBytes& disk, Partition partition, DiskFacts& facts) {
  if (partition.offset >= disk.size() || partition.size > disk.size() - partition.offset) {
    disk.fail(fmt::format("partition {} is from byte {} to {}, the image has {}",
                          facts.partitions.size() + 1, partition.offset,
                          partition.offset + partition.size, disk.size()));
  }
  partition.file_system = file_system_at(disk, partition.offset);
  facts.partitions.push_back(std::move(partition));
}

void read_gpt(const ImageBytes& disk, DiskFacts& facts) {
  const std::string header = disk.need(kSector, 92);
  const std::uint64_t first = little(header, 72, 8);
  const std::uint64_t count = little(header, 80, 4);
  const std::uint64_t size = little(header, 84, 4);
  if (size < 128 || size > 4096 || count > 1024 || first < 2 || first > disk.size() / kSector)
    disk.fail("its GPT is damaged");
  const std::string table = disk.need(first * kSector, count * size);
  for (std::uint64_t i = 0; i < count; ++i) {
    const std::string_view entry = std::string_view(table).substr(i * size, size);
    if (entry.substr(0, 16).find_first_not_of('\0') == std::string_view::npos) continue;
    const std::uint64_t begin = little(entry, 32, 8);
    const std::uint64_t last = little(entry, 40, 8);
    if (last < begin || last > disk.size() / kSector)
      disk.fail("a partition of its GPT is damaged");
    add_partition(disk,
                  {.offset = begin * kSector,
                   .size = (last - begin + 1) * kSector,
                   .type = guid_text(entry),
                   .label = label_text(entry.substr(56, 72)),
                   .file_system = {}},
                  facts);
  }
}

void read_mbr(const ImageBytes& disk, const std::string& sector, DiskFacts& facts) {
  for (std::size_t i = 0; i < 4; ++i) {
    const std::string_view entry = std::string_view(sector).substr(446 + 16 * i, 16);
    const std::uint64_t type = little(entry, 4, 1);
    if (type == 0) continue;
    add_partition(disk,
                  {.offset = little(entry, 8, 4) * kSector,
                   .size = little(entry, 12, 4) * kSector,
                   .type = fmt::format("0x{:02x}", type),
                   .label = {},
                   .file_system = {}},
                  facts);
  }
}

/// The super block of cryptsetup, and the root hash that the tree's top block has.
Verity read_verity(const ImageBytes& disk, std::uint64_t offset) {
  const std::string head = disk.need(offset, 512);
  Verity verity;
  if (little(head, 8, 4) != 1) disk.fail("its verity super block is damaged");
  verity.algorithm = foreign_line(std::string_view(head).substr(32, 32), 32);
  verity.algorithm.resize(std::min(verity.algorithm.size(), head.substr(32, 32).find('\0')));
  verity.data_block_size = static_cast<std::uint32_t>(little(head, 64, 4));
  verity.hash_block_size = static_cast<std::uint32_t>(little(head, 68, 4));
  verity.data_blocks = little(head, 72, 8);
  const std::uint64_t salt_size = little(head, 80, 2);
  const auto is_block = [](std::uint32_t size) {
    return size >= 512 && size <= 65536 && (size & (size - 1)) == 0;
  };
  if (salt_size > 256 || !is_block(verity.data_block_size) || !is_block(verity.hash_block_size))
    disk.fail("its verity super block is damaged");
  const std::string salt = head.substr(88, salt_size);
  verity.salt = hexadecimal(salt);
  if (verity.algorithm != "sha256") return verity;
  // format 1: the salt comes first; the tree begins with its top, in the block after the super
  // block
  const std::string top = disk.need(offset + verity.hash_block_size, verity.hash_block_size);
  verity.root_hash = pipeline::sha256_of_text(salt + top);
  return verity;
}

}  // namespace

bool is_disk_image(const std::string& path) {
  const ImageBytes disk(path);
  const std::string head = disk.read(0, kSector);
  return head.starts_with("QFI\xfb") || !file_system_at(disk, 0).empty() ||
         (head.size() == kSector && head.ends_with("\x55\xaa"));
}

DiskFacts read_disk_facts(const std::string& path) {
  const ImageBytes disk(path);
  DiskFacts facts;
  const std::string sector = disk.read(0, kSector);
  facts.format = sector.starts_with("QFI\xfb") ? "qcow2" : "raw";
  facts.virtual_size = disk.size();
  if (facts.format == "qcow2") {
    facts.virtual_size = big(disk.need(24, 8), 0, 8);
    return facts;
  }
  facts.has_dax_header = disk.read(4096, 16).starts_with("NVDIMM_PFN_INFO");
  if (disk.read(kSector, 8) == "EFI PART") {
    facts.table = "gpt";
    read_gpt(disk, facts);
  } else if (file_system_at(disk, 0).empty() && sector.size() == kSector &&
             sector.ends_with("\x55\xaa")) {
    facts.table = "mbr";
    read_mbr(disk, sector, facts);
  } else {
    facts.table = "none";
    add_partition(disk,
                  {.offset = 0, .size = disk.size(), .type = {}, .label = {}, .file_system = {}},
                  facts);
  }
  for (const Partition& partition : facts.partitions)
    if (partition.file_system == "verity") facts.verity = read_verity(disk, partition.offset);
  return facts;
}

}  // namespace kata::inspect
