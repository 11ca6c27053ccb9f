// SPDX-License-Identifier: Apache-2.0
//
// The hash tree of dm-verity, see Documentation/admin-guide/device-mapper/verity.rst and
// cryptsetup's description of its super block: format 1, SHA-256, blocks of 4096 bytes.
#pragma once

#include <cstdint>
#include <string>

#include "builder/rootfs/disk/disk_file.h"
#include "builder/rootfs/disk/uuid.h"

namespace kata::rootfs {

constexpr std::uint64_t kVerityBlock = 4096;

struct Verity {
  std::string root_hash;  ///< hexadecimal
  std::string salt;       ///< hexadecimal; may be empty
  std::uint64_t data_blocks = 0;
  std::uint64_t hash_blocks = 0;  ///< the super block among them
};

/// How many blocks the super block and the tree of so many data blocks take.
[[nodiscard]] std::uint64_t verity_blocks(std::uint64_t data_blocks);

/// Hashes `data_size` bytes (a multiple of 4096) at `data_offset` and writes super block and tree
/// to `hash_offset`. Equal data give equal trees, whatever the number of jobs. Throws Error.
Verity write_verity(DiskFile& disk, std::uint64_t data_offset, std::uint64_t data_size,
                    std::uint64_t hash_offset, const std::string& salt, const Uuid& uuid,
                    unsigned jobs);

/// "root_hash=...,salt=...,data_blocks=...,data_block_size=4096,hash_block_size=4096": the
/// runtime's kernel_verity_params.
[[nodiscard]] std::string verity_parameters(const Verity& verity);

}  // namespace kata::rootfs
