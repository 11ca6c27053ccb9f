// SPDX-License-Identifier: Apache-2.0
//
// What an XFS knows of itself: super blocks, the headers of its allocation groups, the trees of
// free blocks and of inodes, an empty log.
#pragma once

#include <cstdint>

#include "builder/rootfs/disk/xfs_block.h"

namespace kata::rootfs {

/// All inodes are in the first group, in chunks that follow each other.
class XfsInodeTable {
 public:
  /// Takes room for `count` inodes, the first three of which are the root and two that every XFS
  /// has. Throws Error.
  XfsInodeTable(XfsSpace& space, std::uint64_t count);
  /// The number of the `index`th.
  [[nodiscard]] std::uint64_t number(std::uint64_t index) const noexcept { return first_ + index; }
  /// With those that are free.
  [[nodiscard]] std::uint64_t all() const noexcept;
  [[nodiscard]] std::uint64_t count() const noexcept { return count_; }
  /// Of an inode from the file system's start.
  [[nodiscard]] static std::uint64_t byte_of(std::uint64_t number) noexcept;

 private:
  friend void write_xfs_tables(XfsVolume& volume, const XfsInodeTable& inodes);

  std::uint64_t count_;
  std::uint64_t chunks_;
  std::uint64_t first_;
  std::uint64_t tree_ =
      0;  ///< the first leaf of the tree of inodes, when it has more than its root
  std::uint64_t leaves_ = 1;
};

/// How many blocks of the first group `count` inodes take.
[[nodiscard]] std::uint64_t xfs_inode_blocks(std::uint64_t count) noexcept;
/// Writes everything that is not an inode or a file's. Throws Error.
void write_xfs_tables(XfsVolume& volume, const XfsInodeTable& inodes);

}  // namespace kata::rootfs
