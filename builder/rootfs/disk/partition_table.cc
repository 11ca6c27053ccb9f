// SPDX-License-Identifier: Apache-2.0
#include "builder/rootfs/disk/partition_table.h"

#include <algorithm>
#include <limits>

#include "builder/rootfs/disk/checksum.h"
#include "builder/rootfs/disk/disk_file.h"
#include "runtime/base/error.h"

namespace kata::rootfs {
namespace {

constexpr std::uint64_t kEntries = 128;
constexpr std::uint64_t kEntrySize = 128;
constexpr std::uint64_t kEntrySectors = kEntries * kEntrySize / kSector;
constexpr std::uint64_t kReadOnly = std::uint64_t{1} << 60;
constexpr std::uint64_t kMostSectors = std::numeric_limits<std::uint32_t>::max();

const char* type_digits(PartitionUse use) noexcept {
  return use == PartitionUse::root ? "4f68bce3e8cd4db196e7fbcaf984b709"
                                   : "2c7357edebd246d9aec123d437ec2bf5";
}

const char* label(PartitionUse use) noexcept {
  return use == PartitionUse::root ? "root" : "root-verity";
}

/// The first three fields of a UUID stand in a GPT with their lowest byte first.
std::string guid_bytes(const Uuid& uuid) {
  std::string bytes;
  for (const std::size_t i : {3U, 2U, 1U, 0U, 5U, 4U, 7U, 6U}) bytes += static_cast<char>(uuid[i]);
  for (std::size_t i = 8; i < uuid.size(); ++i) bytes += static_cast<char>(uuid[i]);
  return bytes;
}

std::string entry_bytes(const Partition& partition) {
  std::string bytes = guid_bytes(uuid_of_digits(type_digits(partition.use)));
  bytes += guid_bytes(partition.uuid);
  append_little_endian(bytes, partition.offset / kSector, 8);
  append_little_endian(bytes, (partition.offset + partition.size) / kSector - 1, 8);
  append_little_endian(bytes, partition.is_read_only ? kReadOnly : 0, 8);
  for (const char* c = label(partition.use); *c != '\0'; ++c)
    append_little_endian(bytes, static_cast<unsigned char>(*c), 2);  // UTF-16
  bytes.resize(kEntrySize, '\0');
  return bytes;
}

struct HeaderPlace {
  std::uint64_t self = 0;
  std::uint64_t other = 0;
  std::uint64_t entries = 0;
};

std::string header_bytes(const HeaderPlace& place, std::uint64_t sectors, const Uuid& disk_uuid,
                         const std::string& entries) {
  const auto bytes_with = [&](std::uint32_t sum) {
    std::string bytes = "EFI PART";
    append_little_endian(bytes, 0x00010000, 4);
    append_little_endian(bytes, 92, 4);
    append_little_endian(bytes, sum, 4);
    append_little_endian(bytes, 0, 4);
    append_little_endian(bytes, place.self, 8);
    append_little_endian(bytes, place.other, 8);
    append_little_endian(bytes, 2 + kEntrySectors, 8);            // the first sector for partitions
    append_little_endian(bytes, sectors - 2 - kEntrySectors, 8);  // the last one
    bytes += guid_bytes(disk_uuid);
    append_little_endian(bytes, place.entries, 8);
    append_little_endian(bytes, kEntries, 4);
    append_little_endian(bytes, kEntrySize, 4);
    append_little_endian(bytes, crc32(entries), 4);
    return bytes;
  };
  std::string bytes = bytes_with(crc32(bytes_with(0)));
  bytes.resize(kSector, '\0');
  return bytes;
}

/// The same "no cylinders here" that partitioning tools write.
void append_mbr_entry(std::string& bytes, unsigned type, std::uint64_t first,
                      std::uint64_t sectors) {
  append_little_endian(bytes, 0, 1);
  append_little_endian(bytes, first == 1 ? 0x000200 : 0xfffffe, 3);
  append_little_endian(bytes, type, 1);
  append_little_endian(bytes, 0xffffff, 3);
  append_little_endian(bytes, first, 4);
  append_little_endian(bytes, sectors, 4);
}

std::string mbr_sector(const std::string& entries, std::uint32_t signature) {
  std::string sector(440, '\0');
  append_little_endian(sector, signature, 4);
  sector.append(2, '\0');
  sector += entries;
  sector.resize(510, '\0');
  append_little_endian(sector, 0xaa55, 2);
  return sector;
}

}  // namespace

GptBytes gpt_bytes(const std::vector<Partition>& partitions, std::uint64_t disk_size,
                   const Uuid& disk_uuid) {
  const std::uint64_t sectors = disk_size / kSector;
  std::string entries;
  for (const Partition& partition : partitions) entries += entry_bytes(partition);
  entries.resize(kEntries * kEntrySize, '\0');
  std::string protective;
  append_mbr_entry(protective, 0xee, 1, std::min(sectors - 1, kMostSectors));
  const HeaderPlace first{.self = 1, .other = sectors - 1, .entries = 2};
  const HeaderPlace second{.self = sectors - 1, .other = 1, .entries = sectors - 1 - kEntrySectors};
  return {mbr_sector(protective, 0) + header_bytes(first, sectors, disk_uuid, entries) + entries,
          entries + header_bytes(second, sectors, disk_uuid, entries)};
}

std::string mbr_bytes(const std::vector<Partition>& partitions, std::uint32_t disk_signature) {
  std::string entries;
  for (const Partition& partition : partitions) {
    if ((partition.offset + partition.size) / kSector > kMostSectors) {
      throw_error(Code::invalid_argument,
                  "a partition ends beyond 2 TiB, which an MBR cannot say; choose partition_table: "
                  "gpt");
    }
    append_mbr_entry(entries, 0x83, partition.offset / kSector, partition.size / kSector);
  }
  return mbr_sector(entries, disk_signature);
}

}  // namespace kata::rootfs
