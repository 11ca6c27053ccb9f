// SPDX-License-Identifier: Apache-2.0
//
// GPT and MBR as bytes, see the UEFI specification, chapter 5. Sectors have 512 bytes.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "builder/recipe/image_recipe.h"
#include "builder/rootfs/disk/uuid.h"

namespace kata::rootfs {

constexpr std::uint64_t kSector = 512;
/// What a GPT takes at the disk's end: its second copy.
constexpr std::uint64_t kGptEnd = 33 * kSector;

enum class PartitionUse { root, verity };

struct Partition {
  PartitionUse use = PartitionUse::root;
  std::uint64_t offset = 0;  ///< bytes from the start of the disk
  std::uint64_t size = 0;
  bool is_read_only = false;
  Uuid uuid{};  ///< of a GPT
};

struct GptBytes {
  std::string begin;  ///< at offset 0
  std::string end;    ///< the last kGptEnd bytes
};

/// With the types of the Discoverable Partitions Specification for x86-64.
[[nodiscard]] GptBytes gpt_bytes(const std::vector<Partition>& partitions, std::uint64_t disk_size,
                                 const Uuid& disk_uuid);
/// One sector. Throws Error(invalid_argument) for a partition beyond 2 TiB.
[[nodiscard]] std::string mbr_bytes(const std::vector<Partition>& partitions,
                                    std::uint32_t disk_signature);

}  // namespace kata::rootfs
