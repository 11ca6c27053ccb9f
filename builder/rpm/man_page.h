// SPDX-License-Identifier: Apache-2.0
//
// The pages of docs/man as man(7) source. Only the Markdown that those pages use.
#pragma once

#include <string>
#include <string_view>

namespace kata::rpm {

/// `name` is "katabuild" and `section` "1". Headings, paragraphs, lists, terms (": text"), indented
/// examples, **bold**, *italic* and `code`.
[[nodiscard]] std::string man_page(std::string_view markdown, const std::string& name,
                                   const std::string& section);

}  // namespace kata::rpm
