// SPDX-License-Identifier: Apache-2.0
//
// A folder on the builder as what an image starts from.
#pragma once

#include <string>

#include "builder/rootfs/tree.h"

namespace kata::rootfs {

/// Adds everything below `folder`: owned by root, sockets and pipes left out. Throws Error.
void read_directory_base(const std::string& folder, Tree& tree);

}  // namespace kata::rootfs
