// SPDX-License-Identifier: Apache-2.0
#include <sys/socket.h>

#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/io_context.hpp>
#include <catch2/catch.hpp>
#include <thread>

#include "runtime/base/io.h"
#include "runtime/wire/ttrpc/client.h"
#include "ttrpc.pb.h"

using namespace kata;
using namespace kata::wire;
using namespace std::chrono_literals;
using KeyValue = kata::ttrpc::KeyValue;

namespace {

std::string response(std::uint32_t stream, int code, const std::string& message,
                     const std::string& payload) {
  kata::ttrpc::Response envelope;
  envelope.mutable_status()->set_code(code);
  envelope.mutable_status()->set_message(message);
  envelope.set_payload(payload);
  return encode_frame(stream, FrameType::response, envelope.SerializeAsString());
}

Code code_of(BlockingClient& client, std::uint32_t id, std::chrono::milliseconds deadline) {
  try {
    client.receive(id, deadline);
  } catch (const Error& error) {
    return error.code();
  }
  return Code::ok;
}

}  // namespace

TEST_CASE("answers are matched to their calls, in any order", "[blocking_client]") {
  auto [ours, theirs] = make_socket_pair(SOCK_STREAM);
  BlockingClient client(std::move(ours));
  const std::uint32_t first = client.send("s", "m", "");
  const std::uint32_t second = client.send("s", "m", "");
  write_all(theirs.get(), response(second, 0, "", "2") + response(first, 0, "", "1"));
  CHECK(client.receive(first, 1s) == "1");
  CHECK(client.receive(second, 1s) == "2");
}

TEST_CASE("a silent peer costs the deadline, a closed one nothing", "[blocking_client]") {
  auto [ours, theirs] = make_socket_pair(SOCK_STREAM);
  BlockingClient client(std::move(ours));
  CHECK(code_of(client, client.send("s", "m", ""), 20ms) == Code::deadline_exceeded);
  const std::uint32_t id = client.send("s", "m", "");
  theirs.reset();
  CHECK(code_of(client, id, 5s) != Code::ok);
}

TEST_CASE("a peer's error becomes ours, with a code that exists", "[blocking_client]") {
  auto [ours, theirs] = make_socket_pair(SOCK_STREAM);
  BlockingClient client(std::move(ours));
  const std::uint32_t known = client.send("s", "m", "");
  const std::uint32_t strange = client.send("s", "m", "");
  write_all(theirs.get(), response(known, 9, "not now", "") + response(strange, 4711, "?", ""));
  CHECK(code_of(client, known, 1s) == Code::failed_precondition);
  CHECK(code_of(client, strange, 1s) == Code::unknown);
}

TEST_CASE("answers that nobody asked for are dropped", "[blocking_client]") {
  auto [ours, theirs] = make_socket_pair(SOCK_STREAM);
  BlockingClient client(std::move(ours));
  write_all(theirs.get(), response(1, 0, "", "early") + response(99, 0, "", "never asked"));
  CHECK(code_of(client, 99, 20ms) == Code::deadline_exceeded);
}
