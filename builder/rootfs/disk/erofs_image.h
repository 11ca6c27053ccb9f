// SPDX-License-Identifier: Apache-2.0
//
// A tree as an EROFS file system, written without a mount, a device or a folder on the builder:
// owners, devices and capabilities need no privilege, and nothing of the builder gets in.
#pragma once

#include <array>
#include <cstdint>

#include "builder/rootfs/disk/disk_file.h"
#include "builder/rootfs/tree.h"

namespace kata::rootfs {

struct ErofsOptions {
  int lz4_level = 0;  ///< 0: not compressed
  bool dax = false;   ///< every file's bytes in whole blocks, as the guest's memory wants them
  std::int64_t mtime = 0;
  std::array<unsigned char, 16> uuid{};
  unsigned jobs = 1;
};

/// Writes the file system at `offset` of the image; its size, a multiple of 4096. Equal trees and
/// options give equal bytes, whatever the number of jobs. Throws Error.
std::uint64_t write_erofs(const Tree& tree, const ErofsOptions& options, std::uint64_t offset,
                          DiskFile& disk);

}  // namespace kata::rootfs
