// SPDX-License-Identifier: Apache-2.0
//
// A tree as a text: one line for each content and each node. Its contents are in one file beside
// it, with their digests, so that a tree that was stored needs no reading of its files.
#pragma once

#include <string>
#include <string_view>

#include "builder/rootfs/base/base_tree.h"

namespace kata::rootfs {

/// The text. Every content must lie in one file and have its digest.
[[nodiscard]] std::string tree_to_text(const Base& base);
/// The reverse; contents lie in the file at the path `contents`. Throws Error(data_loss) for a text
/// that tree_to_text did not write.
[[nodiscard]] Base tree_from_text(std::string_view text, const std::string& contents);

}  // namespace kata::rootfs
