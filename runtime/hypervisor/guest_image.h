// SPDX-License-Identifier: Apache-2.0
//
// What a guest's disk image is, read from the image itself: its format, partitions, file system,
// and whether it has the header by which persistent memory is mapped directly. QEMU is told the
// format and never finds it out by itself.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace kata::hypervisor {

struct Extent {
  std::uint64_t offset = 0;  ///< bytes from the start of the disk
  std::uint64_t size = 0;
};

enum class PartitionTable { none, mbr, gpt, unknown };

struct GuestImage {
  std::string path{};
  std::string format = "raw";   ///< or "qcow2"
  std::uint64_t file_size = 0;  ///< what a raw image shows to the guest
  std::uint64_t disk_size = 0;
  /// unknown: compressed, so only the guest can see it.
  PartitionTable table = PartitionTable::none;
  Extent root{};                   ///< the first partition, or the whole disk
  std::optional<Extent> second{};  ///< the second partition
  std::string filesystem{};        ///< of root: ext4, xfs, erofs, squashfs; empty: not known
  std::uint32_t block_size = 0;    ///< of that file system; 0: it does not matter
  /// From where on the disk a kernel takes it as persistent memory (osbuilder's "DAX header" at
  /// 4 KiB says 2 MiB); the partition table is there a second time.
  std::optional<std::uint64_t> dax_offset{};
  std::string dax_flaw{};  ///< why a header that is there is none to a kernel
};

/// Throws Error when the file cannot be read, is empty, holds neither partitions nor a file system,
/// or names other files of the host (a qcow2 image on top of another).
[[nodiscard]] GuestImage read_guest_image(const std::string& path);

/// Where the hash tree of a measured image is: on the second partition, or behind the data on the
/// same partition.
struct HashTree {
  bool on_second_partition = false;
  std::uint64_t first_byte = 0;  ///< on that partition, behind the superblock if there is one
};

/// `data_bytes`: what is measured. Throws Error(failed_precondition) when that or the tree is not
/// within the image.
[[nodiscard]] HashTree find_hash_tree(const GuestImage& image, std::uint64_t data_bytes,
                                      std::uint32_t hash_block_size);

/// "GPT", "MBR", "no partition table".
[[nodiscard]] const char* to_string(PartitionTable table) noexcept;

}  // namespace kata::hypervisor
