// SPDX-License-Identifier: Apache-2.0
//
// Fields of bytes in protobuf's encoding, written and found without a message object, which would
// hold a copy: what a container writes passes here by the gigabyte. Pure; the peer is not trusted.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace kata::wire {

/// What stands before a field of `size` bytes in a message.
[[nodiscard]] std::string bytes_field_head(unsigned number, std::size_t size);
/// The field's bytes, the last ones if it is there more than once, none if it is not. Throws
/// Error(data_loss) when `message` is no valid one as far as can be told.
[[nodiscard]] std::string_view find_bytes_field(std::string_view message, unsigned number);

/// One field of a message that was received, in place.
struct ReceivedBytes {
  std::string message;
  std::size_t begin = 0;
  std::size_t size = 0;

  [[nodiscard]] std::string_view view() const {
    return std::string_view(message).substr(begin, size);
  }
};

}  // namespace kata::wire
