// SPDX-License-Identifier: Apache-2.0
//
// A tree as an ext4 file system, written by libext2fs, e2fsprogs' own library, without a mount: a
// kernel would put its clock, its random numbers and the order of its threads into it.
#pragma once

#include <cstdint>

#include "builder/rootfs/disk/disk_file.h"
#include "builder/rootfs/disk/uuid.h"
#include "builder/rootfs/tree.h"

namespace kata::rootfs {

struct Ext4Options {
  std::uint64_t size = 0;  ///< of the file system, a multiple of 4096
  std::int64_t mtime = 0;  ///< every time in it
  Uuid uuid{};
};

/// How many bytes a file system with all of the tree needs when `free_percent` of it, or, when not
/// 0, `free_bytes`, shall stay free; a multiple of 1 MiB.
[[nodiscard]] std::uint64_t ext4_size(const Tree& tree, unsigned free_percent,
                                      std::uint64_t free_bytes);

/// Writes the file system at `offset` of the image. It has no journal: the guest's root is mounted
/// read-only. Equal trees and options give equal bytes. Throws Error.
void write_ext4(const Tree& tree, const Ext4Options& options, std::uint64_t offset, DiskFile& disk);

}  // namespace kata::rootfs
