// SPDX-License-Identifier: Apache-2.0
//
// Text that programs print and files hold, taken apart.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace kata {

/// The parts between separators: "a\nb" and "a\nb\n" -> {"a", "b"}, "" -> {}. Copies, so that the
/// text may be a temporary.
[[nodiscard]] std::vector<std::string> split_text(std::string_view text, char separator = '\n');

}  // namespace kata
