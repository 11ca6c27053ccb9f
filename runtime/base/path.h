// SPDX-License-Identifier: Apache-2.0
//
// Paths as text: cleaning and joining, without touching the file system.
#pragma once

#include <string>
#include <string_view>

namespace kata {

/// Removes ".", empty parts and resolves ".." as text: "/a/./b/../c" -> "/a/c"; never climbs above
/// "/".
[[nodiscard]] std::string clean_path(std::string_view path);
/// Joins with exactly one slash: ("/run", "x") and ("/run/", "/x") -> "/run/x".
[[nodiscard]] std::string join_path(std::string_view base, std::string_view rest);
/// Whether `path` is `directory` or below it, both cleaned.
[[nodiscard]] bool is_below(std::string_view path, std::string_view directory);
/// Last part: "/usr/bin/true" -> "true".
[[nodiscard]] std::string_view base_name(std::string_view path);
/// All but the last part: "/usr/bin/true" -> "/usr/bin"; "/x" -> "/"; "x" -> ".".
[[nodiscard]] std::string parent_path(std::string_view path);
/// Throws Error(invalid_argument) unless `id` is 1-1024 characters of [A-Za-z0-9_.+-], does not
/// start with a dot or a dash: what runc accepts as a container id, and safe as a file name.
void check_container_id(std::string_view id);

}  // namespace kata
