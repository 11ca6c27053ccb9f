// SPDX-License-Identifier: Apache-2.0
//
// JSON text in and out (nlohmann-json does the parsing), with errors that name the file, the line
// and the column.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

namespace kata {

using Json = nlohmann::ordered_json;

/// Parses one JSON value of at most 128 levels; throws Error(invalid_argument) "NAME:LINE:COLUMN:
/// what".
[[nodiscard]] Json parse_json(std::string_view text, std::string_view name);
/// As parse_json, for a file. Throws Error (not_found when there is none).
[[nodiscard]] Json read_json_file(const std::string& path);

}  // namespace kata
