// SPDX-License-Identifier: Apache-2.0
//
// The checksums that partition tables, file systems and persistent memory want.
#pragma once

#include <cstdint>
#include <string_view>

namespace kata::rootfs {

/// CRC-32 as zlib and the GPT have it.
[[nodiscard]] std::uint32_t crc32(std::string_view bytes) noexcept;
/// The Castagnoli CRC as the kernel's crc32c() counts it: the caller's start, nothing inverted.
[[nodiscard]] std::uint32_t crc32c(std::uint32_t start, std::string_view bytes) noexcept;
/// Fletcher's 64-bit sum over little-endian words of 32 bits; `bytes` is a multiple of four.
[[nodiscard]] std::uint64_t fletcher64(std::string_view bytes) noexcept;

}  // namespace kata::rootfs
