// SPDX-License-Identifier: Apache-2.0
//
// "Did you mean": the known names closest to one that nobody knows, for recipe keys and Kconfig
// symbols alike.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace kata::recipe {

/// How many single-character edits turn `a` into `b`; a swap of neighbours counts as one.
[[nodiscard]] std::size_t edit_distance(std::string_view a, std::string_view b);

/// At most `limit` of `known`, nearest first; only those close enough to be a likely slip of the
/// pen.
[[nodiscard]] std::vector<std::string> nearest_names(std::string_view name,
                                                     const std::vector<std::string>& known,
                                                     std::size_t limit = 1);

}  // namespace kata::recipe
