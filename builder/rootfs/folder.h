// SPDX-License-Identifier: Apache-2.0
//
// A folder of the builder as nodes of a tree. Bases and overlays are read the same way.
#pragma once

#include <functional>
#include <string>

#include "builder/rootfs/tree.h"

namespace kata::rootfs {

/// Hands over all that is below `root`, each folder before its entries; paths are relative to
/// `root`, owners root's, modes and extended attributes as on the builder. Names of one file share
/// their content; sockets and pipes are passed over. Throws Error.
void read_folder(const std::string& root, const std::function<void(Node)>& take);

}  // namespace kata::rootfs
