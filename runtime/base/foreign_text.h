// SPDX-License-Identifier: Apache-2.0
//
// Text that a guest wrote, on its way to a terminal or a log of the host.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace kata {

/// At most `limit` bytes of `text`, with '?' for what could steer a terminal: control characters,
/// those of ISO 6429's second set in UTF-8 included.
[[nodiscard]] std::string foreign_line(std::string_view text, std::size_t limit);
/// As foreign_line, but newlines and tabs stay.
[[nodiscard]] std::string foreign_lines(std::string_view text, std::size_t limit);

}  // namespace kata
