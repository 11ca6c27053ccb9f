// SPDX-License-Identifier: Apache-2.0
#include "runtime/wire/ttrpc/frame.h"

#include <algorithm>
#include <utility>

#include "runtime/base/error.h"

namespace kata::wire {
namespace {

void append_big_endian(std::string& out, std::uint32_t value) {
  for (int shift = 24; shift >= 0; shift -= 8) out += static_cast<char>((value >> shift) & 0xff);
}

std::uint32_t read_big_endian(std::string_view bytes) {
  std::uint32_t value = 0;
  for (std::size_t i = 0; i < 4; ++i) value = (value << 8) | static_cast<unsigned char>(bytes[i]);
  return value;
}

}  // namespace

std::string encode_frame_header(std::uint32_t stream_id, FrameType type, std::size_t size) {
  if (size > kMaxFramePayload) {
    throw_error(Code::resource_exhausted, "message of {} bytes: ttrpc carries at most {}", size,
                kMaxFramePayload);
  }
  std::string out;
  append_big_endian(out, static_cast<std::uint32_t>(size));
  append_big_endian(out, stream_id);
  out += static_cast<char>(type);
  out += '\0';
  return out;
}

std::string encode_frame(std::uint32_t stream_id, FrameType type, std::string_view payload) {
  std::string out = encode_frame_header(stream_id, type, payload.size());
  return out.append(payload);
}

void FrameParser::feed(std::string_view bytes) {
  const std::size_t now = std::min(bytes.size(), missing_);
  if (now > 0) {
    large_->payload.append(bytes.substr(0, now));
    missing_ -= now;
    bytes.remove_prefix(now);
  }
  buffer_.append(bytes);
}

std::optional<Frame> FrameParser::next() {
  constexpr std::size_t kCompactAt = 256U << 10;
  constexpr std::size_t kLarge = 64U << 10;
  if (large_) return missing_ > 0 ? std::nullopt : std::exchange(large_, std::nullopt);
  const std::string_view rest = std::string_view(buffer_).substr(begin_);
  if (rest.size() < kFrameHeaderSize) return std::nullopt;
  const std::uint32_t length = read_big_endian(rest);
  const std::uint32_t stream_id = read_big_endian(rest.substr(4));
  const auto type = static_cast<unsigned char>(rest[8]);
  if (length > kMaxFramePayload) {
    throw_error(Code::invalid_argument, "ttrpc frame of {} bytes: at most {} are allowed", length,
                kMaxFramePayload);
  }
  if (type != static_cast<unsigned char>(FrameType::request) &&
      type != static_cast<unsigned char>(FrameType::response)) {
    throw_error(Code::invalid_argument, "ttrpc frame of unknown type {}", type);
  }
  if (stream_id % 2 == 0)
    throw_error(Code::invalid_argument, "ttrpc frame with even stream id {}", stream_id);
  const bool is_whole = rest.size() >= kFrameHeaderSize + length;
  if (!is_whole && length < kLarge) return std::nullopt;
  Frame frame{
      .stream_id = stream_id, .type = static_cast<FrameType>(type), .payload = std::string()};
  frame.payload.reserve(length);
  frame.payload = rest.substr(kFrameHeaderSize, length);
  if (!is_whole) {
    missing_ = length - frame.payload.size();
    large_ = std::move(frame);
    buffer_.clear();
    begin_ = 0;
    return std::nullopt;
  }
  begin_ += kFrameHeaderSize + length;
  if (begin_ == buffer_.size()) {
    buffer_.clear();
    begin_ = 0;
  } else if (begin_ > kCompactAt) {
    buffer_.erase(0, begin_);
    begin_ = 0;
  }
  return frame;
}

}  // namespace kata::wire
