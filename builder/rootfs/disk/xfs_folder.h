// SPDX-License-Identifier: Apache-2.0
//
// A folder of an XFS, in the one of its four forms that its names need: in the inode; in one block;
// in blocks with one of index; in blocks with a tree of index.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "builder/rootfs/disk/xfs_block.h"

namespace kata::rootfs {

struct XfsName {
  std::string name;
  std::uint64_t inode = 0;
  unsigned type = 0;  ///< as folders tell it: name_type() of node_mode.h
};

struct XfsFolder {
  XfsFork fork;
  std::uint64_t size = 0;  ///< of the inode
};

/// Writes the folder; `room` is what its inode has for it. Throws Error when there are more names
/// than a tree of one level holds, some 250 000.
[[nodiscard]] XfsFolder write_xfs_folder(XfsVolume& volume, std::uint64_t inode,
                                         std::uint64_t parent, const std::vector<XfsName>& names,
                                         std::size_t room);

}  // namespace kata::rootfs
