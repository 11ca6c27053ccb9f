// SPDX-License-Identifier: Apache-2.0
//
// Where things are in an XFS that is written from its beginning to its end, and which blocks are
// free: one run at the end of each allocation group.
#pragma once

#include <cstdint>
#include <vector>

namespace kata::rootfs {

inline constexpr std::uint64_t kXfsBlock = 4096;
inline constexpr std::uint64_t kXfsInode = 512;
inline constexpr std::uint64_t kXfsInodesPerBlock = kXfsBlock / kXfsInode;
inline constexpr std::uint64_t kXfsGroups = 4;
inline constexpr std::uint64_t kXfsLogBlocks = 4096;
/// Headers, the roots of the three trees, and four blocks that a group keeps for its trees.
inline constexpr std::uint64_t kXfsHeaderBlocks = 8;

struct XfsPlace {
  std::uint64_t group = 0;
  std::uint64_t block = 0;  ///< in the group
};

/// Blocks that follow each other.
struct XfsRun {
  XfsPlace place;
  std::uint64_t count = 0;
};

class XfsSpace {
 public:
  /// Of a file system of `size` bytes, a multiple of kXfsGroups blocks.
  explicit XfsSpace(std::uint64_t size);

  [[nodiscard]] std::uint64_t group_blocks() const noexcept { return group_blocks_; }
  /// Of a block's number: those for the block in its group.
  [[nodiscard]] std::uint64_t group_bits() const noexcept { return group_bits_; }
  [[nodiscard]] XfsPlace log() const noexcept;
  [[nodiscard]] std::uint64_t byte_of(const XfsPlace& place) const noexcept;
  /// The place in sectors of 512 bytes, as blocks say it of themselves.
  [[nodiscard]] std::uint64_t sector_of(const XfsPlace& place) const noexcept;
  /// The number by which extents know the block.
  [[nodiscard]] std::uint64_t number_of(const XfsPlace& place) const noexcept;
  /// The first free block of a group, which ends with free ones.
  [[nodiscard]] std::uint64_t first_free(std::uint64_t group) const { return next_.at(group); }
  /// Takes blocks of the first group; the first one's number in it. Throws Error when they do not
  /// fit.
  std::uint64_t take_first_group(std::uint64_t count);
  /// Takes blocks, in as few runs as possible. Throws Error when there are no more.
  [[nodiscard]] std::vector<XfsRun> take(std::uint64_t count);

 private:
  std::uint64_t group_blocks_;
  std::uint64_t group_bits_ = 0;
  std::uint64_t current_ = 0;
  std::vector<std::uint64_t> next_;
};

}  // namespace kata::rootfs
