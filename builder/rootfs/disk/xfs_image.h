// SPDX-License-Identifier: Apache-2.0
//
// A tree as an XFS of version 5, written block by block, without a mount: a kernel would put its
// clock, its random numbers and the order of its threads into it.
#pragma once

#include <cstdint>

#include "builder/rootfs/disk/disk_file.h"
#include "builder/rootfs/disk/uuid.h"
#include "builder/rootfs/tree.h"

namespace kata::rootfs {

struct XfsOptions {
  std::uint64_t size = 0;  ///< of the file system, a multiple of 1 MiB
  std::int64_t mtime = 0;  ///< every time in it
  Uuid uuid{};
};

/// How many bytes a file system with all of the tree needs when `free_percent` of it, or, when not
/// 0, `free_bytes`, shall stay free; a multiple of 1 MiB, and at least 300, as mkfs.xfs has it.
[[nodiscard]] std::uint64_t xfs_size(const Tree& tree, unsigned free_percent,
                                     std::uint64_t free_bytes);

/// Writes the file system at `offset` of the image: checksums, types of files in folders, no
/// reverse maps and no shared blocks, so that kernels from 3.16 on know it. Equal trees and options
/// give equal bytes. Throws Error.
void write_xfs(const Tree& tree, const XfsOptions& options, std::uint64_t offset, DiskFile& disk);

}  // namespace kata::rootfs
