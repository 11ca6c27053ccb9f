// SPDX-License-Identifier: Apache-2.0
//
// The little of XML that is needed to carry a package's metadata over as it is: entities, and
// finding a value in text whose form is known, because createrepo_c's library wrote it.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace kata::repo {

/// Undoes pipeline::escaped: the five named entities and numbers.
[[nodiscard]] std::string unescaped(std::string_view text);
/// The value of `attribute` of the first `<element `; still escaped.
[[nodiscard]] std::optional<std::string_view> attribute_of(std::string_view xml,
                                                           std::string_view element,
                                                           std::string_view attribute);
/// The text in the first `<element>` or `<element ...>`; still escaped; empty for `<element/>`.
[[nodiscard]] std::optional<std::string_view> content_of(std::string_view xml,
                                                         std::string_view element);

}  // namespace kata::repo
