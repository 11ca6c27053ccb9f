// SPDX-License-Identifier: Apache-2.0
#include "runtime/network/netlink_socket.h"

#include <catch2/catch.hpp>
#include <cerrno>

#include "recorded_socket.h"

using namespace kata;
using namespace kata::network;

TEST_CASE("an acknowledgement ends a request", "[netlink]") {
  RecordedSocket socket;
  socket.answers = {RecordedSocket::ack(1, 0)};
  CHECK_NOTHROW(request(socket, MessageBuilder(16)));
  CHECK(socket.sent.size() == 1);
}

TEST_CASE("answers to other requests are passed over", "[netlink]") {
  RecordedSocket socket;
  socket.answers = {RecordedSocket::ack(99, -EPERM) + RecordedSocket::ack(1, 0)};
  CHECK_NOTHROW(request(socket, MessageBuilder(16)));
}

TEST_CASE("the kernel's errno and its text are in the error", "[netlink]") {
  RecordedSocket socket;
  socket.answers = {RecordedSocket::ack(1, -EINVAL, "Attribute failed policy validation")};
  try {
    request(socket, MessageBuilder(16));
    FAIL("nothing was thrown");
  } catch (const Error& error) {
    CHECK(error.err() == EINVAL);
    CHECK_THAT(error.what(), Catch::Matchers::Contains("Attribute failed policy validation"));
    CHECK_THAT(error.what(), Catch::Matchers::Contains("Invalid argument"));
  }
}

TEST_CASE("a datagram with a wrong length is refused", "[netlink]") {
  RecordedSocket socket;
  std::string bad = RecordedSocket::ack(1, 0);
  const std::uint32_t length = GENERATE(0U, 15U, 4096U, 0xffffffffU);
  std::memcpy(bad.data(), &length, sizeof length);
  socket.answers = {bad};
  CHECK_THROWS_AS(request(socket, MessageBuilder(16)), Error);
}

TEST_CASE("an error message cut short is refused", "[netlink]") {
  RecordedSocket socket;
  socket.answers = {RecordedSocket::message(NLMSG_ERROR, 0, 1, "ab")};
  CHECK_THROWS_AS(request(socket, MessageBuilder(16)), Error);
}

TEST_CASE("a dump goes on over several datagrams to its end", "[netlink]") {
  RecordedSocket socket;
  socket.answers = {RecordedSocket::message(16, NLM_F_MULTI, 1, "aaaa") +
                        RecordedSocket::message(16, NLM_F_MULTI, 1, "bbbb"),
                    RecordedSocket::message(16, NLM_F_MULTI, 1, "cccc") + RecordedSocket::done(1)};
  std::string seen;
  dump(
      socket, MessageBuilder(18), [&](const Message& m) { seen += m.payload; }, [] {});
  CHECK(seen == "aaaabbbbcccc");
}

TEST_CASE("a dump that was interrupted by a change starts over", "[netlink]") {
  RecordedSocket socket;
  socket.answers = {RecordedSocket::message(16, NLM_F_MULTI | NLM_F_DUMP_INTR, 1, "old!") +
                        RecordedSocket::done(1),
                    RecordedSocket::message(16, NLM_F_MULTI, 2, "new!") + RecordedSocket::done(2)};
  std::string seen;
  dump(
      socket, MessageBuilder(18), [&](const Message& m) { seen += m.payload; },
      [&] { seen.clear(); });
  CHECK(seen == "new!");
}

TEST_CASE("a dump that never becomes consistent gives up", "[netlink]") {
  RecordedSocket socket;
  for (std::uint32_t i = 1; i <= 10; ++i) {
    socket.answers.push_back(RecordedSocket::done(i, NLM_F_DUMP_INTR));
  }
  CHECK_THROWS_AS(dump(
                      socket, MessageBuilder(18), [](const Message&) {}, [] {}),
                  Error);
}
