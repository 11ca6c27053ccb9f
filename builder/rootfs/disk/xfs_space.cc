// SPDX-License-Identifier: Apache-2.0
#include "builder/rootfs/disk/xfs_space.h"

#include <algorithm>
#include <bit>

#include "runtime/base/error.h"

namespace kata::rootfs {
namespace {

constexpr std::uint64_t kLongestRun = (std::uint64_t{1} << 21) - 1;  // of one extent
constexpr std::uint64_t kLogGroup = kXfsGroups / 2;

}  // namespace

XfsSpace::XfsSpace(std::uint64_t size)
    : group_blocks_(size / kXfsBlock / kXfsGroups), next_(kXfsGroups, kXfsHeaderBlocks) {
  KATA_ASSERT(group_blocks_ > kXfsHeaderBlocks + kXfsLogBlocks);
  group_bits_ = static_cast<std::uint64_t>(std::bit_width(group_blocks_ - 1));
  next_[kLogGroup] += kXfsLogBlocks;
}

XfsPlace XfsSpace::log() const noexcept { return {kLogGroup, kXfsHeaderBlocks}; }

std::uint64_t XfsSpace::byte_of(const XfsPlace& place) const noexcept {
  return (place.group * group_blocks_ + place.block) * kXfsBlock;
}

std::uint64_t XfsSpace::sector_of(const XfsPlace& place) const noexcept {
  return byte_of(place) / 512;
}

std::uint64_t XfsSpace::number_of(const XfsPlace& place) const noexcept {
  return place.group << group_bits_ | place.block;
}

std::uint64_t XfsSpace::take_first_group(std::uint64_t count) {
  const std::uint64_t first = next_[0];
  if (count > group_blocks_ - first)
    throw_error(Code::internal, "the XFS was made too small for its inodes");
  next_[0] += count;
  return first;
}

std::vector<XfsRun> XfsSpace::take(std::uint64_t count) {
  std::vector<XfsRun> runs;
  while (count > 0) {
    if (current_ == kXfsGroups) throw_error(Code::internal, "the XFS was made too small");
    std::uint64_t& next = next_[current_];
    const std::uint64_t part = std::min({count, group_blocks_ - next, kLongestRun});
    if (part > 0) runs.push_back({{current_, next}, part});
    next += part;
    count -= part;
    if (next == group_blocks_) ++current_;
  }
  return runs;
}

}  // namespace kata::rootfs
