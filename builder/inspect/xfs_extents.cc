// SPDX-License-Identifier: Apache-2.0
#include "builder/inspect/xfs_extents.h"

#include <algorithm>

#include "runtime/base/error.h"

namespace kata::inspect {
namespace {

constexpr std::uint64_t kRecord = 16;      ///< an extent, or a key with its pointer
constexpr std::uint64_t kTreeHeader = 72;  ///< of a block of an extent tree
constexpr std::uint64_t kMaxLevel = 8;
constexpr std::size_t kMaxExtents = 4'000'000;

std::uint64_t low_bits(std::uint64_t number, std::uint64_t count) noexcept {
  return number & ((std::uint64_t{1} << count) - 1);
}

}  // namespace

XfsVolume::XfsVolume(const std::string& image, std::uint64_t offset)
    : disk_(image), offset_(offset) {
  const std::string super = disk_.need(offset, 256);
  block_size_ = big(super, 4, 4);
  root_ = big(super, 56, 8);
  group_blocks_ = big(super, 84, 4);
  groups_ = big(super, 88, 4);
  inode_size_ = big(super, 104, 2);
  block_inode_bits_ = big(super, 123, 1);
  group_block_bits_ = big(super, 124, 1);
  const std::uint64_t folder_bits = big(super, 192, 1);
  // what changes the places of inodes, extents and names; see XFS_SB_FEAT_INCOMPAT_*
  constexpr std::uint64_t kKnownFeatures = 0x3f;
  if ((big(super, 100, 2) & 0xfU) != 5 || (big(super, 216, 4) & ~kKnownFeatures) != 0)
    throw_error(Code::unimplemented, "read {}: its XFS has a version or features not known here",
                image);
  const auto is_power = [](std::uint64_t size) { return size != 0 && (size & (size - 1)) == 0; };
  if (!is_power(block_size_) || block_size_ < 1024 || block_size_ > 65536 ||
      !is_power(inode_size_) || inode_size_ < 256 || inode_size_ > 2048 || folder_bits > 6 ||
      block_inode_bits_ > 8 || group_block_bits_ > 31 || group_blocks_ == 0 || groups_ == 0 ||
      block_size_ >> block_inode_bits_ != inode_size_ || block_size_ << folder_bits > 65536) {
    fail("the super block", "");
  }
  folder_block_size_ = block_size_ << folder_bits;
}

void XfsVolume::fail(const char* what, const std::string& path) const { disk_.fail_at(what, path); }

std::string XfsVolume::bytes(std::uint64_t block, std::uint64_t from, std::size_t count,
                             const std::string& path) const {
  const std::uint64_t group = block >> group_block_bits_;
  const std::uint64_t inner = low_bits(block, group_block_bits_);
  if (group >= groups_ || inner >= group_blocks_ || from > disk_.size()) fail("a block", path);
  const std::uint64_t at = (group * group_blocks_ + inner) * block_size_ + from;
  if (at > disk_.size()) fail("a block", path);
  return disk_.need(offset_ + at, count);
}

std::string XfsVolume::inode(std::uint64_t number, const std::string& path) const {
  const std::uint64_t place = low_bits(number, block_inode_bits_) * inode_size_;
  std::string inode = bytes(number >> block_inode_bits_, place, inode_size_, path);
  if (!inode.starts_with("IN") || big(inode, 4, 1) != 3 || big(inode, 152, 8) != number)
    fail("the inode", path);
  return inode;
}

void XfsVolume::add_extents(std::string_view records, std::uint64_t count, const std::string& path,
                            std::vector<XfsExtent>& extents) const {
  if (count > records.size() / kRecord || extents.size() + count > kMaxExtents)
    fail("a list of extents", path);
  for (std::uint64_t i = 0; i < count; ++i) {
    const std::uint64_t high = big(records, i * kRecord, 8);
    const std::uint64_t low = big(records, i * kRecord + 8, 8);
    const XfsExtent extent{.begin = low_bits(high, 63) >> 9U,
                           .block = low_bits(high, 9) << 43U | low >> 21U,
                           .count = low_bits(low, 21),
                           .is_unwritten = high >> 63U != 0};
    const std::uint64_t end = extents.empty() ? 0 : extents.back().begin + extents.back().count;
    if (extent.count == 0 || extent.begin < end) fail("a list of extents", path);
    extents.push_back(extent);
  }
}

void XfsVolume::read_tree(std::uint64_t block, std::uint64_t level, const std::string& path,
                          std::vector<XfsExtent>& extents) const {
  const std::string node = bytes(block, 0, block_size_, path);
  const std::uint64_t count = big(node, 6, 2);
  const std::uint64_t most = (block_size_ - kTreeHeader) / kRecord;
  if (!node.starts_with("BMA3") || big(node, 4, 2) != level || count > most)
    fail("a tree of extents", path);
  const std::string_view records = std::string_view(node).substr(kTreeHeader);
  if (level == 0) return add_extents(records, count, path, extents);
  for (std::uint64_t i = 0; i < count; ++i)  // keys first, then pointers
    read_tree(big(records, (most + i) * 8, 8), level - 1, path, extents);
}

std::vector<XfsExtent> XfsVolume::extents(const XfsFork& fork, const std::string& path) const {
  std::vector<XfsExtent> extents;
  if (fork.format == kXfsExtents) {
    add_extents(fork.literal, fork.extents, path, extents);
  } else if (fork.format == kXfsTree) {
    if (fork.literal.size() < 4 + kRecord) fail("a tree of extents", path);
    const std::uint64_t level = big(fork.literal, 0, 2);
    const std::uint64_t count = big(fork.literal, 2, 2);
    const std::uint64_t most = (fork.literal.size() - 4) / kRecord;
    if (level == 0 || level > kMaxLevel || count > most) fail("a tree of extents", path);
    for (std::uint64_t i = 0; i < count; ++i)
      read_tree(big(fork.literal, 4 + (most + i) * 8, 8), level - 1, path, extents);
  } else {
    fail("the inode", path);
  }
  return extents;
}

}  // namespace kata::inspect
