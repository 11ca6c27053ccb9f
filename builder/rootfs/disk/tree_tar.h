// SPDX-License-Identifier: Apache-2.0
//
// A tree as a tar archive with everything in it, for the programs and machines that take nothing
// else.
#pragma once

#include <cstdint>
#include <string>

#include "builder/rootfs/tree.h"

namespace kata::rootfs {

/// Writes the tree to the new file `path`, in the pax format with extended attributes, hard links
/// and devices, every time stamp `mtime`. Equal trees give equal bytes. Throws Error.
void write_tree_tar(const Tree& tree, std::int64_t mtime, const std::string& path);

}  // namespace kata::rootfs
