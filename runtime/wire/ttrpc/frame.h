// SPDX-License-Identifier: Apache-2.0
//
// ttrpc's framing, pure: bytes in, frames out. A frame is a header of ten bytes (length and stream
// id, both big endian, type, flags) and its payload; see PROTOCOL.md of containerd/ttrpc. The peer
// is not trusted: every length is bounded.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace kata::wire {

inline constexpr std::size_t kFrameHeaderSize = 10;
inline constexpr std::size_t kMaxFramePayload = 4U << 20;

enum class FrameType : std::uint8_t { request = 1, response = 2 };

struct Frame {
  std::uint32_t stream_id = 0;  ///< odd: the client opened it
  FrameType type = FrameType::request;
  std::string payload;
};

/// The header of a frame with `size` bytes of payload. Throws Error(resource_exhausted) when that
/// is more than kMaxFramePayload.
[[nodiscard]] std::string encode_frame_header(std::uint32_t stream_id, FrameType type,
                                              std::size_t size);
/// The frame as bytes. Throws Error(resource_exhausted) when the payload is larger than
/// kMaxFramePayload.
[[nodiscard]] std::string encode_frame(std::uint32_t stream_id, FrameType type,
                                       std::string_view payload);

/// The id of the stream that a client opens after `id`. Ids are odd; after the largest comes 3,
/// since 1 tells the server that its client is a new one.
[[nodiscard]] constexpr std::uint32_t next_stream_id(std::uint32_t id) noexcept {
  constexpr std::uint32_t kLargest = 0xffffffff;
  return id == kLargest ? 3 : id + 2;
}

/// Collects bytes and cuts them into frames.
class FrameParser {
 public:
  void feed(std::string_view bytes);
  /// The next whole frame, or nothing while bytes are missing. Throws Error(invalid_argument) for a
  /// length over the cap, a type that is neither request nor response, or an even stream id; the
  /// connection is of no use after that.
  [[nodiscard]] std::optional<Frame> next();

 private:
  /// A frame with much missing gets what comes as it comes, not by way of the buffer.
  std::optional<Frame> large_;
  std::size_t missing_ = 0;  // of it
  std::string buffer_;
  std::size_t begin_ = 0;  // consumed prefix, dropped in large steps
};

}  // namespace kata::wire
