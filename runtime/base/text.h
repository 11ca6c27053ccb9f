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

/// What stands between any of the separators, none of it empty. Views of `text`.
[[nodiscard]] std::vector<std::string_view> words_of(std::string_view text,
                                                     std::string_view separators = " \t\n");

/// The parts with `separator` between them.
[[nodiscard]] std::string joined(const std::vector<std::string>& parts, std::string_view separator);

/// Without the spaces, tabs and carriage returns at both ends.
[[nodiscard]] std::string_view trimmed(std::string_view text) noexcept;

}  // namespace kata
