// SPDX-License-Identifier: Apache-2.0
#include "builder/rootfs/disk/xfs_size.h"

#include <algorithm>
#include <set>

#include "builder/rootfs/disk/disk_file.h"

namespace kata::rootfs {

std::uint64_t xfs_size(const Tree& tree, unsigned free_percent, std::uint64_t free_bytes) {
  constexpr std::uint64_t kMib = std::uint64_t{1} << 20;
  constexpr std::uint64_t kLeast = 300 * kMib;    // mkfs.xfs makes none that is smaller
  constexpr std::uint64_t kOverhead = 80 * kMib;  // log, headers of the allocation groups
  constexpr std::uint64_t kPerNode = 512 + 4096;  // inode, a block for attributes or a folder
  std::uint64_t bytes = 0;
  std::set<const Content*> seen;
  for (const auto& [path, node] : tree.nodes()) {
    bytes += kPerNode;
    if (node.content && seen.insert(node.content.get()).second)
      bytes += align_up(node.content->size, 4096);
  }
  const std::uint64_t used = bytes + bytes / 50 + kOverhead;
  const std::uint64_t all =
      free_bytes > 0 ? used + free_bytes : used / (100 - free_percent) * 100 + 100;
  return align_up(std::max(all, kLeast), kMib);
}

}  // namespace kata::rootfs
