// SPDX-License-Identifier: Apache-2.0
#include "runtime/hypervisor/guest_image.h"

#include <algorithm>
#include <array>

#include "runtime/base/error.h"
#include "runtime/hypervisor/disk_reader.h"

namespace kata::hypervisor {
namespace {

constexpr std::uint64_t kSector = 512;
constexpr std::size_t kTableBytes = 34 * kSector;  // both tables' usual size
constexpr std::uint64_t kProtective = 0xee;        // the one partition in a GPT disk's MBR
// The header that nvdimm drivers look for; see struct nd_pfn_sb in drivers/nvdimm/pfn.h.
constexpr std::uint64_t kDaxHeaderOffset = 4096;
constexpr std::size_t kDaxHeaderSize = 4096;
constexpr std::string_view kDaxSignature("NVDIMM_PFN_INFO\0", 16);

struct Partitions {
  PartitionTable table = PartitionTable::none;
  std::array<std::optional<Extent>, 2> list{};  // numbers 1 and 2
};

/// A partition that begins in the disk; its end is left to the guest's kernel, which cuts it.
std::optional<Extent> extent(std::uint64_t first, std::uint64_t sectors, std::uint64_t disk_size) {
  if (first == 0 || sectors == 0 || first >= disk_size / kSector) return std::nullopt;
  return Extent{first * kSector, std::min(sectors, disk_size / kSector - first) * kSector};
}

Partitions read_gpt(const std::string& text, std::uint64_t disk_size) {
  Partitions result;
  result.table = PartitionTable::gpt;
  const std::uint64_t entries = little_endian(text, kSector + 72, 8) * kSector;
  const std::uint64_t count = little_endian(text, kSector + 80, 4);
  const std::uint64_t size = little_endian(text, kSector + 84, 4);
  // Only the usual place is in `text`.
  if (entries != 2 * kSector || size < 128 || size > 4096) return result;
  for (std::size_t i = 0; i < result.list.size() && i < count; ++i) {
    const std::size_t at = entries + i * size;
    const std::uint64_t first = little_endian(text, at + 32, 8);
    const std::uint64_t last = little_endian(text, at + 40, 8);
    if (last >= first) result.list[i] = extent(first, last - first + 1, disk_size);
  }
  return result;
}

/// The partition table at the start of `text`, which is the start of the disk.
Partitions read_partitions(const std::string& text, std::uint64_t disk_size) {
  Partitions result;
  if (little_endian(text, 510, 2) != 0xaa55) return result;
  for (std::size_t i = 0; i < 4; ++i) {
    const std::size_t at = 446 + i * 16;
    const std::uint64_t status = little_endian(text, at, 1);
    const std::uint64_t type = little_endian(text, at + 4, 1);
    // A boot sector of something else has its code there.
    if (status != 0 && status != 0x80) return {};
    if (type == kProtective && text.compare(kSector, 8, "EFI PART") == 0)
      return read_gpt(text, disk_size);
    if (type == 0 || i >= result.list.size()) continue;
    result.list[i] =
        extent(little_endian(text, at + 8, 4), little_endian(text, at + 12, 4), disk_size);
  }
  if (result.list[0] || result.list[1]) result.table = PartitionTable::mbr;
  return result;
}

/// See the kernel's own fs/*/ for where the magic numbers are.
void read_filesystem(GuestImage& image, const DiskReader& disk) {
  const std::string head = disk.read(image.root.offset, 2048);
  if (head.starts_with("hsqs")) {
    image.filesystem = "squashfs";
  } else if (head.starts_with("XFSB")) {
    image.filesystem = "xfs";
    image.block_size = static_cast<std::uint32_t>(big_endian(head, 4, 4));
  } else if (little_endian(head, 1024, 4) == 0xe0f5e1e2) {
    image.filesystem = "erofs";
    image.block_size = 1U << std::min<std::uint64_t>(little_endian(head, 1036, 1), 16);
  } else if (little_endian(head, 1024 + 56, 2) == 0xef53) {
    image.filesystem = "ext4";
    image.block_size = 1024U << std::min<std::uint64_t>(little_endian(head, 1024 + 24, 4), 6);
  }
}

/// Fletcher's sum over 32-bit words with the sum's own place as zero; see nd_sb_checksum() in
/// drivers/nvdimm/core.c.
std::uint64_t dax_checksum(const std::string& header) {
  std::uint32_t low = 0;
  std::uint64_t high = 0;
  for (std::size_t at = 0; at < header.size(); at += 4) {
    if (at < kDaxHeaderSize - 8) low += static_cast<std::uint32_t>(little_endian(header, at, 4));
    high += low;
  }
  return high << 32 | low;
}

void read_dax_header(GuestImage& image, const DiskReader& disk) {
  if (image.format != "raw") return;
  const std::string header = disk.read(kDaxHeaderOffset, kDaxHeaderSize);
  if (!header.starts_with(kDaxSignature)) return;
  if (dax_checksum(header) != little_endian(header, kDaxHeaderSize - 8, 8)) {
    image.dax_flaw = "the DAX header's checksum is wrong";
    return;
  }
  const std::uint64_t offset = little_endian(header, 56, 8);
  if (offset == 0 || offset >= image.disk_size) return;
  // A kernel that takes the file as memory sees the disk from there on.
  const Partitions inner =
      read_partitions(disk.read(offset, kTableBytes), image.disk_size - offset);
  if (inner.list[0] && inner.list[0]->offset + offset == image.root.offset) {
    image.dax_offset = offset;
  } else {
    image.dax_flaw = "the partition table behind the DAX header is not that of the disk";
  }
}

void read_layout(GuestImage& image, const DiskReader& disk) {
  const Partitions partitions = read_partitions(disk.read(0, kTableBytes), image.disk_size);
  image.table = partitions.table;
  image.root = {0, image.disk_size};
  if (image.table != PartitionTable::none) {
    if (!partitions.list[0])
      throw_error(Code::invalid_argument, "image {} has no partition 1", image.path);
    image.root = *partitions.list[0];
    image.second = partitions.list[1];
  }
  read_filesystem(image, disk);
  read_dax_header(image, disk);
  if (image.filesystem.empty() && image.table == PartitionTable::none) {
    throw_error(Code::invalid_argument,
                "{} is no guest image: it has neither a partition table nor a file system that a "
                "guest could have as its root",
                image.path);
  }
}

}  // namespace

GuestImage read_guest_image(const std::string& path) {
  const DiskReader disk(path);
  GuestImage image;
  image.path = path;
  image.format = disk.is_qcow2() ? "qcow2" : "raw";
  image.file_size = disk.file_size();
  image.disk_size = disk.disk_size();
  if (image.disk_size == 0) throw_error(Code::invalid_argument, "image {} is empty", path);
  try {
    read_layout(image, disk);
  } catch (const Error& error) {
    if (error.code() != Code::unimplemented) throw;
    // What `katabuild image` and osbuilder write.
    image.table = PartitionTable::unknown;
    image.root = {0, image.disk_size};
  }
  return image;
}

HashTree find_hash_tree(const GuestImage& image, std::uint64_t data_bytes,
                        std::uint32_t hash_block_size) {
  HashTree tree;
  if (image.table == PartitionTable::unknown) {
    tree.on_second_partition = true;
    return tree;
  }
  if (data_bytes > image.root.size) {
    throw_error(Code::failed_precondition,
                "kernel_verity_params speak of {} bytes of data, image {} has {} in its root file "
                "system's place: they are of another image",
                data_bytes, image.path, image.root.size);
  }
  tree.on_second_partition = image.second.has_value();
  const std::uint64_t blocks = (data_bytes + hash_block_size - 1) / hash_block_size;
  const std::uint64_t start = tree.on_second_partition ? 0 : blocks * hash_block_size;
  const Extent& place = tree.on_second_partition ? *image.second : image.root;
  if (start + hash_block_size > place.size) {
    throw_error(Code::failed_precondition,
                "kernel_verity_params are set, but image {} has no hash tree: neither a second "
                "partition nor anything behind the data",
                image.path);
  }
  const std::string head = DiskReader(image.path).read(place.offset + start, 8);
  const bool has_superblock = head == std::string_view("verity\0\0", 8);
  tree.first_byte = start + (has_superblock ? hash_block_size : 0);
  return tree;
}

const char* to_string(PartitionTable table) noexcept {
  switch (table) {
    case PartitionTable::mbr:
      return "MBR";
    case PartitionTable::gpt:
      return "GPT";
    case PartitionTable::unknown:
      return "not to be seen from outside";
    case PartitionTable::none:
      break;
  }
  return "no partition table";
}

}  // namespace kata::hypervisor
