// SPDX-License-Identifier: Apache-2.0
//
// Copying a small tree with owners and modes, for tmpfs mounts that start with what they cover
// ("tmpcopyup").
#pragma once

namespace kata::agent {

/// Copies folders, regular files and symbolic links from one open folder into another; other kinds
/// are left out. Throws Error.
void copy_tree(int from, int to);

}  // namespace kata::agent
