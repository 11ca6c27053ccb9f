// SPDX-License-Identifier: Apache-2.0
//
// Compression as the kernel's own unpackers want it, which is narrower than what the tools write by
// default: xz with a CRC32 check, lz4 in its legacy frame, zstd with a small window; no time stamps
// anywhere.
#pragma once

#include <cstdint>
#include <string>

#include "builder/recipe/image_recipe.h"

namespace kata::archive {

/// Compresses `from` into the new file `to`; returns its size. Throws Error.
std::uint64_t compress_file(const std::string& from, const std::string& to,
                            const recipe::Compression& compression);
/// The level that 0 stands for.
[[nodiscard]] int default_level(recipe::CompressionType type) noexcept;

}  // namespace kata::archive
