// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <set>

#include "builder/rootfs/disk/ext4_image.h"

namespace kata::rootfs {
namespace {

constexpr std::uint64_t kBlockSize = 4096;
constexpr std::uint64_t kBlocksPerGroup = 32768;
constexpr std::uint64_t kMib = std::uint64_t{1} << 20;
constexpr std::uint64_t kFastLink = 60;  // a shorter target is in the inode

std::uint64_t blocks_of(std::uint64_t bytes) noexcept {
  return (bytes + kBlockSize - 1) / kBlockSize;
}

/// Blocks that files, folders, links and attributes take.
std::uint64_t content_blocks(const Tree& tree) {
  std::uint64_t blocks = 8;  // the root and lost+found
  std::set<const Content*> seen;
  std::uint64_t names = 0;
  for (const auto& [path, node] : tree.nodes()) {
    // An entry of a folder, at most a quarter of which is lost at the ends of blocks
    names += 8 + 4 + std::min<std::uint64_t>(path.size(), 255);
    if (node.entry.kind == archive::EntryKind::directory) ++blocks;
    if (node.entry.target.size() >= kFastLink) ++blocks;
    if (!node.entry.xattrs.empty()) ++blocks;
    if (!node.content || !seen.insert(node.content.get()).second) continue;
    // A block of extents for each 64 MiB of a large file is more than a fresh disk needs
    blocks += blocks_of(node.content->size) + node.content->size / (64 * kMib);
  }
  return blocks + blocks_of(names + names / 4);
}

std::uint64_t overhead_blocks(std::uint64_t blocks, std::uint64_t inodes) noexcept {
  const std::uint64_t groups = blocks / kBlocksPerGroup + 1;
  const std::uint64_t descriptors = blocks_of(groups * 64);
  // Inodes are dealt out evenly, in whole blocks
  const std::uint64_t inode_blocks = (blocks_of((inodes + groups - 1) / groups * 256) + 1) * groups;
  return inode_blocks + groups * 2 + groups * (1 + descriptors);
}

}  // namespace

std::uint64_t ext4_size(const Tree& tree, unsigned free_percent, std::uint64_t free_bytes) {
  const std::uint64_t content = content_blocks(tree);
  const std::uint64_t inodes = tree.nodes().size() + 32 + tree.nodes().size() / 10;
  std::uint64_t blocks = content;
  for (int i = 0; i < 4; ++i) {  // a larger one has more groups, which take room themselves
    const std::uint64_t used = content + overhead_blocks(blocks, inodes);
    blocks = free_bytes > 0 ? used + blocks_of(free_bytes)
                            : (used * 100 + 99 - free_percent) / (100 - free_percent);
  }
  return align_up(blocks * kBlockSize, kMib);
}

}  // namespace kata::rootfs
