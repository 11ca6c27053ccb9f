// SPDX-License-Identifier: Apache-2.0
//
// The digests of a tree's files, each taken once, by all processors, and not again while the file
// on the builder is what it was.
#pragma once

#include <map>
#include <string>

#include "builder/pipeline/cache.h"
#include "builder/pipeline/digest.h"
#include "builder/rootfs/tree.h"

namespace kata::rootfs {

using ContentDigests = std::map<const Content*, pipeline::FileDigests>;

/// The digests of every file's bytes; the SHA-256 becomes known to the tree's contents too. What is
/// a whole file of the builder, with the inode, size and times that it had the last time, is not
/// read: `memory` names what the cache remembers of that time. Throws Error.
[[nodiscard]] ContentDigests take_digests(const Tree& tree, const std::string& memory,
                                          const pipeline::Cache& cache, unsigned jobs);

}  // namespace kata::rootfs
