// SPDX-License-Identifier: Apache-2.0
//
// Unpacking a source archive into a folder, trusting nothing in it: no entry, and no symbolic link,
// leaves the folder.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

namespace kata::archive {

/// Unpacks files, folders and links of `archive_path` into `folder`, which exists. `wanted` chooses
/// by path (nothing: all). Ownership is not kept; modes and times are. Returns the number of files.
/// Throws Error.
std::uint64_t extract(const std::string& archive_path, const std::string& folder,
                      const std::function<bool(std::string_view)>& wanted,
                      const std::function<void(std::string_view)>& on_file);

}  // namespace kata::archive
