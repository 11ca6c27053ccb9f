// SPDX-License-Identifier: Apache-2.0
#include "builder/rootfs/disk/uuid.h"

#include <algorithm>

#include "builder/pipeline/digest.h"
#include "runtime/base/error.h"

namespace kata::rootfs {

std::string bytes_of_digits(std::string_view digits) {
  const auto value = [&](char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    throw_error(Code::invalid_argument, "\"{}\" is no hexadecimal number", digits);
  };
  if (digits.size() % 2 != 0)
    throw_error(Code::invalid_argument, "\"{}\" has an odd number of digits", digits);
  std::string bytes;
  for (std::size_t i = 0; i < digits.size(); i += 2)
    bytes += static_cast<char>(value(digits[i]) << 4 | value(digits[i + 1]));
  return bytes;
}

std::string digits_of_bytes(std::string_view bytes) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string digits;
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    digits += kDigits[byte >> 4];
    digits += kDigits[byte & 15];
  }
  return digits;
}

Uuid uuid_of_digits(std::string_view digits) {
  const std::string bytes = bytes_of_digits(digits);
  Uuid uuid{};
  KATA_ASSERT(bytes.size() == uuid.size());
  std::copy(bytes.begin(), bytes.end(), uuid.begin());
  return uuid;
}

Uuid derived_uuid(std::string_view content, std::string_view use) {
  const std::string digest = pipeline::sha256_of_text(fmt::format("{}\n{}\n", content, use));
  Uuid uuid = uuid_of_digits(std::string_view(digest).substr(0, 32));
  uuid[6] = static_cast<unsigned char>((uuid[6] & 0x0f) | 0x80);
  uuid[8] = static_cast<unsigned char>((uuid[8] & 0x3f) | 0x80);
  return uuid;
}

std::string uuid_text(const Uuid& uuid) {
  std::string digits;
  for (const unsigned char byte : uuid)
    digits += digits_of_bytes({reinterpret_cast<const char*>(&byte), 1});
  for (const std::size_t at : {20U, 16U, 12U, 8U}) digits.insert(at, "-");
  return digits;
}

}  // namespace kata::rootfs
