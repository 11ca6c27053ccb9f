// SPDX-License-Identifier: Apache-2.0
//
// What a disk image says of itself before anything in it is mounted: partitions, file systems,
// dm-verity. Read from the bytes, every length bounded.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace kata::inspect {

struct Partition {
  std::uint64_t offset = 0;  ///< bytes from the disk's start
  std::uint64_t size = 0;
  std::string type;   ///< GPT: a GUID; MBR: "0x83"
  std::string label;  ///< GPT only
  std::string
      file_system;  ///< "ext4", "xfs", "erofs", "squashfs", "verity", "dax header"; or empty
};

struct Verity {
  std::string root_hash;  ///< of the tree's top block, as it is on the disk
  std::string salt;
  std::string algorithm;
  std::uint64_t data_blocks = 0;
  std::uint32_t data_block_size = 0;
  std::uint32_t hash_block_size = 0;
};

struct DiskFacts {
  std::string format;  ///< "raw", "qcow2"
  std::uint64_t virtual_size = 0;
  std::string table;                  ///< "gpt", "mbr", "none"
  std::vector<Partition> partitions;  ///< without a table: the whole disk as one
  bool has_dax_header = false;
  std::optional<Verity> verity;
};

/// Whether the file begins as a disk image that is known here does. Throws Error.
[[nodiscard]] bool is_disk_image(const std::string& path);
/// Throws Error(data_loss) for a table or superblock that contradicts itself or the file's size.
[[nodiscard]] DiskFacts read_disk_facts(const std::string& path);

}  // namespace kata::inspect
