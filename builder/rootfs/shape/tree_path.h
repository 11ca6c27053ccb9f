// SPDX-License-Identifier: Apache-2.0
//
// Paths within a tree as the guest's kernel will see them: symbolic links are followed inside the
// tree, never on the builder, so "/lib/x" of a base whose /lib is a link to usr/lib is found and
// written where it really is.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "builder/rootfs/tree.h"

namespace kata::rootfs {

enum class LastPart { follow, keep };  ///< whether a link at the path's very end is followed

/// Where a path leads. The tree's own top is the path "".
struct TreePath {
  enum class State {
    found,
    missing,     ///< `path` is where it would be
    not_folder,  ///< `path` is no folder and has something below it in the name
    loop         ///< more links than the kernel follows
  };
  State state = State::missing;
  std::string path;                ///< without a leading slash, no link left in it
  std::vector<std::string> links;  ///< the symbolic links on the way, in order
  std::string leaving_link;  ///< the first of them that climbs above the root; empty: none does
};

/// Follows `path` (absolute or relative to the root, "." and ".." allowed) in the tree. Absolute
/// targets start at the tree's root and ".." stops there, as openat2(2) does it with
/// RESOLVE_IN_ROOT. Ends for every tree.
[[nodiscard]] TreePath resolve(const Tree& tree, std::string_view path,
                               LastPart last = LastPart::follow);

/// The node that `path` leads to, all links followed; null when there is none.
[[nodiscard]] const Node* find_through(const Tree& tree, std::string_view path);

/// Where something that a recipe calls `path` is to be put: links of the folders above are
/// followed, one in the last place when `last` says so. Throws Error(invalid_argument) for a loop,
/// a part of the path that is no folder, and a link that leaves the root.
[[nodiscard]] std::string place_for(const Tree& tree, std::string_view path,
                                    LastPart last = LastPart::keep);

/// Puts a node at the place of its path, and notes in its origin what it takes the place of. A
/// folder is put where a link in its place leads to. Throws as place_for and Tree::put.
void put_through(Tree& tree, Node node);

}  // namespace kata::rootfs
