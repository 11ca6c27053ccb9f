// SPDX-License-Identifier: Apache-2.0
//
// An XFS as far as inodes and the blocks of their forks; what is in the blocks is for others.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "builder/inspect/image_bytes.h"

namespace kata::inspect {

/// Blocks of a file that follow each other on the disk.
struct XfsExtent {
  std::uint64_t begin = 0;  ///< in the file, in blocks
  std::uint64_t block = 0;  ///< as XFS numbers them
  std::uint64_t count = 0;
  bool is_unwritten = false;  ///< reads as zeros
};

/// The data of an inode, or its attributes.
struct XfsFork {
  std::uint64_t format = 0;  ///< see kXfsLocal and the others
  std::string literal;       ///< what the inode holds of it
  std::uint64_t extents = 0;
};

inline constexpr std::uint64_t kXfsDevice = 0;
inline constexpr std::uint64_t kXfsLocal = 1;
inline constexpr std::uint64_t kXfsExtents = 2;
inline constexpr std::uint64_t kXfsTree = 3;

class XfsVolume {
 public:
  /// Throws Error(unimplemented) for versions other than 5.
  XfsVolume(const std::string& image, std::uint64_t offset);

  [[nodiscard]] std::uint64_t root() const noexcept { return root_; }
  [[nodiscard]] std::uint64_t block_size() const noexcept { return block_size_; }
  /// Of a folder's blocks: a power of two of the file system's.
  [[nodiscard]] std::uint64_t folder_block_size() const noexcept { return folder_block_size_; }
  /// An inode's bytes, its magic number and its number checked.
  [[nodiscard]] std::string inode(std::uint64_t number, const std::string& path) const;
  /// The extents of a fork, by their place in the file.
  [[nodiscard]] std::vector<XfsExtent> extents(const XfsFork& fork, const std::string& path) const;
  /// `count` bytes of the disk from byte `from` of `block` on.
  [[nodiscard]] std::string bytes(std::uint64_t block, std::uint64_t from, std::size_t count,
                                  const std::string& path) const;
  [[noreturn]] void fail(const char* what, const std::string& path) const;

 private:
  void read_tree(std::uint64_t block, std::uint64_t level, const std::string& path,
                 std::vector<XfsExtent>& extents) const;
  void add_extents(std::string_view records, std::uint64_t count, const std::string& path,
                   std::vector<XfsExtent>& extents) const;

  ImageBytes disk_;
  std::uint64_t offset_;
  std::uint64_t root_ = 0;
  std::uint64_t block_size_ = 0;
  std::uint64_t folder_block_size_ = 0;
  std::uint64_t group_blocks_ = 0;
  std::uint64_t groups_ = 0;
  std::uint64_t inode_size_ = 0;
  std::uint64_t group_block_bits_ = 0;
  std::uint64_t block_inode_bits_ = 0;
};

}  // namespace kata::inspect
