// SPDX-License-Identifier: Apache-2.0
#include "runtime/wire/ttrpc/frame.h"

#include <catch2/catch.hpp>
#include <vector>

#include "runtime/base/error.h"

using namespace kata;
using namespace kata::wire;

namespace {

std::string header(std::uint32_t length, std::uint32_t stream, unsigned char type) {
  std::string bytes;
  for (const std::uint32_t value : {length, stream}) {
    for (int shift = 24; shift >= 0; shift -= 8)
      bytes += static_cast<char>((value >> shift) & 0xff);
  }
  bytes += static_cast<char>(type);
  bytes += '\0';
  return bytes;
}

}  // namespace

TEST_CASE("a frame survives being cut anywhere", "[frame]") {
  const std::string bytes = encode_frame(7, FrameType::response, "hello");
  for (std::size_t cut = 0; cut < bytes.size(); ++cut) {
    FrameParser parser;
    parser.feed(std::string_view(bytes).substr(0, cut));
    REQUIRE_FALSE(parser.next());
    parser.feed(std::string_view(bytes).substr(cut));
    const std::optional<Frame> frame = parser.next();
    REQUIRE(frame);
    CHECK(frame->stream_id == 7);
    CHECK(frame->type == FrameType::response);
    CHECK(frame->payload == "hello");
    CHECK_FALSE(parser.next());
  }
}

TEST_CASE("the header is what containerd's ttrpc writes", "[frame]") {
  CHECK(encode_frame(0x01020305, FrameType::request, "x") == header(1, 0x01020305, 1) + "x");
}

TEST_CASE("several frames come out in their order, however many are fed at once", "[frame]") {
  FrameParser parser;
  std::string bytes;
  for (std::uint32_t i = 0; i < 1000; ++i) {
    bytes += encode_frame(2 * i + 1, FrameType::request, std::string(i, 'a'));
  }
  parser.feed(bytes);
  for (std::uint32_t i = 0; i < 1000; ++i) {
    const std::optional<Frame> frame = parser.next();
    REQUIRE(frame);
    CHECK(frame->stream_id == 2 * i + 1);
    CHECK(frame->payload.size() == i);
  }
  CHECK_FALSE(parser.next());
}

TEST_CASE("a hostile header is refused before its payload is waited for", "[frame]") {
  FrameParser parser;
  SECTION("length over the cap") { parser.feed(header(kMaxFramePayload + 1, 1, 1)); }
  SECTION("largest length") { parser.feed(header(0xffffffffU, 1, 1)); }
  SECTION("type zero") { parser.feed(header(0, 1, 0)); }
  SECTION("stream data, which this protocol version has not") { parser.feed(header(0, 1, 3)); }
  SECTION("even stream id") { parser.feed(header(0, 2, 1)); }
  SECTION("stream id zero") { parser.feed(header(0, 0, 1)); }
  try {
    [[maybe_unused]] const auto frame = parser.next();
    FAIL("the frame was taken");
  } catch (const Error& error) {
    CHECK(error.code() == Code::invalid_argument);
  }
}

TEST_CASE("a payload may have exactly four mebibytes", "[frame]") {
  FrameParser parser;
  parser.feed(encode_frame(1, FrameType::request, std::string(kMaxFramePayload, 'p')));
  const std::optional<Frame> frame = parser.next();
  REQUIRE(frame);
  CHECK(frame->payload.size() == kMaxFramePayload);
  CHECK_THROWS_AS(encode_frame(1, FrameType::request, std::string(kMaxFramePayload + 1, 'p')),
                  Error);
}

TEST_CASE("a large frame in pieces comes out whole, and so does what follows it", "[frame]") {
  const std::size_t piece = GENERATE(1000U, 70000U, 131072U, 1000000U);
  std::string bytes;
  for (const std::size_t size : {300000U, 5U, 65536U, 65535U, 0U, 1048576U, 7U})
    bytes +=
        encode_frame(1, FrameType::response, std::string(size, static_cast<char>('a' + size % 26)));
  FrameParser parser;
  std::vector<std::size_t> sizes;
  for (std::size_t at = 0; at < bytes.size(); at += piece) {
    parser.feed(std::string_view(bytes).substr(at, piece));
    while (const std::optional<Frame> frame = parser.next()) {
      sizes.push_back(frame->payload.size());
      CHECK(frame->payload ==
            std::string(sizes.back(), static_cast<char>('a' + sizes.back() % 26)));
    }
  }
  CHECK(sizes == std::vector<std::size_t>{300000, 5, 65536, 65535, 0, 1048576, 7});
}

TEST_CASE("stream ids begin again after the largest, but not with that of a new client",
          "[frame]") {
  CHECK(next_stream_id(1) == 3);
  CHECK(next_stream_id(0xfffffffd) == 0xffffffff);
  CHECK(next_stream_id(0xffffffff) == 3);
}
