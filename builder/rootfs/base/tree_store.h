// SPDX-License-Identifier: Apache-2.0
//
// Trees that took long to make, kept in the cache by what they were made of: an index with every
// digest, and one file with all contents.
#pragma once

#include <functional>
#include <string>

#include "builder/pipeline/context.h"
#include "builder/rootfs/base/base_tree.h"
#include "builder/rootfs/base/spool.h"

namespace kata::rootfs {

/// The tree stored under `key` (a SHA-256 of everything that decides it), or what `make` gives,
/// which is stored first. One maker at a time among all katabuilds; a damaged entry is made anew.
/// `make` puts contents into the spool and may use the folder. `what` it is, for people. Throws
/// Error.
[[nodiscard]] Base stored_tree(
    const std::string& key, const std::string& what, pipeline::Context& context,
    const std::function<Base(const std::string& work, Spool& spool)>& make);

/// Whether stored_tree() would find it.
[[nodiscard]] bool has_stored_tree(const std::string& key, const pipeline::Context& context);

}  // namespace kata::rootfs
