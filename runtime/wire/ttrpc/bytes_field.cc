// SPDX-License-Identifier: Apache-2.0
#include "runtime/wire/ttrpc/bytes_field.h"

#include <cstdint>
#include <optional>

#include "runtime/base/error.h"

namespace kata::wire {
namespace {

constexpr unsigned kLengthDelimited = 2;

void append_varint(std::string& bytes, std::size_t value) {
  for (; value >= 0x80; value >>= 7) bytes += static_cast<char>(value | 0x80);
  bytes += static_cast<char>(value);
}

/// Takes a number off the front.
std::optional<std::uint64_t> take_varint(std::string_view& bytes) {
  constexpr unsigned kMostBits = 63;
  std::uint64_t value = 0;
  for (unsigned shift = 0; shift <= kMostBits && !bytes.empty(); shift += 7) {
    const auto byte = static_cast<unsigned char>(bytes.front());
    bytes.remove_prefix(1);
    value |= std::uint64_t{byte & 0x7fU} << shift;
    if ((byte & 0x80) == 0) return value;
  }
  return std::nullopt;
}

/// How long a field's value is, its own length taken off; nothing for the groups of old and for
/// what is missing.
std::optional<std::uint64_t> value_size(std::string_view& bytes, std::uint64_t wire_type) {
  switch (wire_type) {
    case 0: {
      std::string_view rest = bytes;
      if (!take_varint(rest)) return std::nullopt;
      return bytes.size() - rest.size();
    }
    case 1:
      return 8;
    case kLengthDelimited:
      return take_varint(bytes);
    case 5:
      return 4;
    default:
      return std::nullopt;
  }
}

}  // namespace

std::string bytes_field_head(unsigned number, std::size_t size) {
  std::string head;
  append_varint(head, number << 3 | kLengthDelimited);
  append_varint(head, size);
  return head;
}

std::string_view find_bytes_field(std::string_view message, unsigned number) {
  std::string_view found;
  while (!message.empty()) {
    const std::uint64_t tag = take_varint(message).value_or(0);
    const bool is_wanted = tag >> 3 == number;
    const std::optional<std::uint64_t> size =
        tag >> 3 == 0 ? std::nullopt : value_size(message, tag & 7);
    if (!size || *size > message.size() || (is_wanted && (tag & 7) != kLengthDelimited))
      throw_error(Code::data_loss, "not a valid message");
    if (is_wanted) found = message.substr(0, *size);
    message.remove_prefix(*size);
  }
  return found;
}

}  // namespace kata::wire
