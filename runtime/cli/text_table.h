// SPDX-License-Identifier: Apache-2.0
//
// Columns of text, left-aligned, as `list` and `ps` print them.
#pragma once

#include <string>
#include <vector>

namespace kata::cli {

/// Each column is as wide as its widest cell and a gap of three, at least `narrowest`; the last one
/// ends the line.
[[nodiscard]] std::string text_table(const std::vector<std::vector<std::string>>& rows,
                                     std::size_t narrowest);

}  // namespace kata::cli
