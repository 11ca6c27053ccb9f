// SPDX-License-Identifier: Apache-2.0
//
// A file's bytes as EROFS stores them compressed: as much of the file as fits into a few blocks,
// one stretch after the other.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "builder/rootfs/disk/erofs_format.h"

namespace kata::rootfs::erofs {

struct Compressed {
  std::string blocks;  ///< what goes on disk, a whole number of blocks
  std::vector<Extent> extents;
};

/// Compresses a part of a file that begins at a multiple of the block size, and, unless it is the
/// file's last, ends at one. `level`: LZ4's, 1 to 12. Throws Error.
[[nodiscard]] Compressed compress(std::string_view bytes, int level);

}  // namespace kata::rootfs::erofs
