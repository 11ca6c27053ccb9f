// SPDX-License-Identifier: Apache-2.0
//
// How large an XFS must be for a tree.
#pragma once

#include <cstdint>

#include "builder/rootfs/tree.h"

namespace kata::rootfs {

/// Bytes, a multiple of 1 MiB, of which `free_percent`, or when not 0 `free_bytes`, stay free. XFS
/// has at least 300 MiB, a log of 64 MiB among them.
[[nodiscard]] std::uint64_t xfs_size(const Tree& tree, unsigned free_percent,
                                     std::uint64_t free_bytes);

}  // namespace kata::rootfs
