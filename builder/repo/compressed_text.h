// SPDX-License-Identifier: Apache-2.0
//
// Compressed metadata in memory, both ways. The compressed bytes depend on the text alone: no time
// and no name goes into them.
#pragma once

#include <string>
#include <string_view>

#include "builder/recipe/repo_recipe.h"

namespace kata::repo {

/// Decompresses `data` (gzip, zstd, xz, bzip2 or nothing); `name` is for messages. Throws Error
/// for damaged data and beyond 2 GiB.
[[nodiscard]] std::string decompressed(std::string_view data, const std::string& name);
/// Compresses `text`. Throws Error.
[[nodiscard]] std::string compressed(std::string_view text, recipe::MetadataCompression type);
/// ".gz" or ".zst".
[[nodiscard]] const char* compression_suffix(recipe::MetadataCompression type) noexcept;

}  // namespace kata::repo
