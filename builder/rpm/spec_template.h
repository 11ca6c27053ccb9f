// SPDX-License-Identifier: Apache-2.0
//
// Templates under rpm/: text with @NAMES@ in it. All logic is in rpm's own %if, none is here.
#pragma once

#include <map>
#include <string>
#include <string_view>

namespace kata::rpm {

using Values = std::map<std::string, std::string>;

/// `text` with each @NAME@ replaced; values are not looked at again. Throws Error(invalid_argument)
/// "FILE:LINE: unknown name" for one that has no value.
[[nodiscard]] std::string fill_template(std::string_view text, const Values& values,
                                        const std::string& file);

}  // namespace kata::rpm
