// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>

#include "runtime/base/error.h"
#include "runtime/network/netlink_socket.h"

using namespace kata;
using namespace kata::network;

namespace {

std::string payload_of(const MessageBuilder& builder) {
  return builder.finish(0).substr(sizeof(nlmsghdr));
}

}  // namespace

TEST_CASE("attributes that were built are found again", "[netlink]") {
  MessageBuilder builder(16);
  builder.text(3, "eth0").value(4, std::uint32_t{1500}).nested(18, [](MessageBuilder& inner) {
    inner.text(1, "veth");
  });
  const std::string bytes = payload_of(builder);
  const Attributes attributes(bytes);
  CHECK(attributes.text(3) == "eth0");
  CHECK(attributes.value<std::uint32_t>(4) == 1500U);
  CHECK(attributes.nested(18).text(1) == "veth");
  CHECK_FALSE(attributes.find(99).has_value());
  CHECK(attributes.text(99).empty());
}

TEST_CASE("the header carries length, flags and sequence", "[netlink]") {
  MessageBuilder builder(24, NLM_F_CREATE);
  builder.add_flags(NLM_F_ACK);
  builder.text(1, "x");
  const std::string bytes = builder.finish(7);
  nlmsghdr header{};
  std::memcpy(&header, bytes.data(), sizeof header);
  CHECK(header.nlmsg_len == bytes.size());
  CHECK(header.nlmsg_seq == 7);
  CHECK(header.nlmsg_flags == (NLM_F_REQUEST | NLM_F_CREATE | NLM_F_ACK));
  CHECK(bytes.size() % 4 == 0);
}

TEST_CASE("an attribute whose length leaves the buffer is refused", "[netlink]") {
  // length 200 in 8 bytes; length 2, below its own header
  const std::string bytes = GENERATE(std::string("\xc8\x00\x03\x00"
                                                 "abcd",
                                                 8),
                                     std::string("\x02\x00\x03\x00"
                                                 "abcd",
                                                 8));
  CHECK_THROWS_AS(Attributes(bytes), Error);
}

TEST_CASE("a value of another size is taken as absent", "[netlink]") {
  MessageBuilder builder(16);
  builder.value(4, std::uint16_t{7});
  const std::string bytes = payload_of(builder);
  CHECK_FALSE(Attributes(bytes).value<std::uint32_t>(4).has_value());
}

TEST_CASE("a string without its end is cut at the attribute's end", "[netlink]") {
  MessageBuilder builder(16);
  builder.attribute(3, "eth0");
  const std::string bytes = payload_of(builder);
  CHECK(Attributes(bytes).text(3) == "eth0");
}

TEST_CASE("a message shorter than its fixed part is refused", "[netlink]") {
  const Message message{.type = 16, .payload = "abc"};
  CHECK_THROWS_AS(message.fixed<nlmsgerr>(), Error);
  CHECK_THROWS_AS(message.attributes(16), Error);
}

TEST_CASE("an attribute too long for its length field is refused", "[netlink]") {
  MessageBuilder builder(16);
  CHECK_THROWS_AS(builder.attribute(3, std::string(70000, 'x')), Error);
}
