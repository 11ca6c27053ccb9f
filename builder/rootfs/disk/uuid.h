// SPDX-License-Identifier: Apache-2.0
//
// The random numbers of disks and file systems, taken from their content: equal images have equal
// ones.
#pragma once

#include <array>
#include <string>
#include <string_view>

namespace kata::rootfs {

using Uuid = std::array<unsigned char, 16>;

/// A UUID (version 8, RFC 9562) of the SHA-256 of `content` and `use`.
[[nodiscard]] Uuid derived_uuid(std::string_view content, std::string_view use);
/// 32 hexadecimal digits as a UUID. Throws Error.
[[nodiscard]] Uuid uuid_of_digits(std::string_view digits);
/// "4f68bce3-e8cd-4db1-96e7-fbcaf984b709".
[[nodiscard]] std::string uuid_text(const Uuid& uuid);
/// As bytes of hexadecimal digits, two for each. Throws Error(invalid_argument).
[[nodiscard]] std::string bytes_of_digits(std::string_view digits);
/// Two lower-case digits for each byte.
[[nodiscard]] std::string digits_of_bytes(std::string_view bytes);

}  // namespace kata::rootfs
