// SPDX-License-Identifier: Apache-2.0
//
// One compressed block of a squashfs.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace kata::inspect {

/// As the super block numbers them.
enum class SquashfsCompression : std::uint16_t { gzip = 1, xz = 4, lz4 = 5, zstd = 6 };

[[nodiscard]] bool is_known(SquashfsCompression compression) noexcept;
/// What the block unpacks to; nothing when it is damaged or unpacks to more than `most` bytes.
[[nodiscard]] std::optional<std::string> unpack_block(SquashfsCompression compression,
                                                      std::string_view block, std::size_t most);

}  // namespace kata::inspect
