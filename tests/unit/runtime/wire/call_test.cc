// SPDX-License-Identifier: Apache-2.0
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/io_context.hpp>
#include <asio/steady_timer.hpp>
#include <asio/use_awaitable.hpp>
#include <catch2/catch.hpp>
#include <chrono>

#include "runtime/base/io.h"
#include "runtime/base/sys_pipe.h"
#include "runtime/wire/ttrpc/client.h"
#include "runtime/wire/ttrpc/server.h"
#include "ttrpc.pb.h"

using namespace kata;
using namespace kata::wire;
using namespace std::chrono_literals;
using KeyValue = kata::ttrpc::KeyValue;

namespace {

asio::awaitable<KeyValue> park(std::shared_ptr<int> ended, KeyValue) {
  struct Count {
    std::shared_ptr<int> value;
    ~Count() { ++*value; }
  };
  const Count count{ended};
  asio::steady_timer timer(co_await asio::this_coro::executor,
                           asio::steady_timer::time_point::max());
  co_await timer.async_wait(asio::use_awaitable);
  co_return KeyValue();
}

/// A message whose first field is as many bytes as `value`, which lie in a pipe.
asio::awaitable<BytesAnswer> pipe_answer(KeyValue request) {
  const std::size_t size = std::stoul(request.value());
  Pipe source = make_pipe();
  sys::enlarge_pipe(source.write.get(), size);
  write_all(source.write.get(), std::string(size, 'p'));
  BytesAnswer answer;
  answer.piped = std::make_shared<PipedBytes>(size);
  CHECK(answer.piped->take_from(source.read.get(), size) == size);
  co_return answer;
}

/// echo (at once), later (after the milliseconds in `value`), fail, park (for ever), large (as many
/// bytes as `value`), piped (the same, out of a pipe).
void add_methods(Server& server, const std::shared_ptr<int>& ended) {
  server.on_now<KeyValue, KeyValue>("test", "echo",
                                    [](const KeyValue& request) { return request; });
  server.on<KeyValue, KeyValue>("test", "later", [](KeyValue request) -> asio::awaitable<KeyValue> {
    asio::steady_timer timer(co_await asio::this_coro::executor,
                             std::chrono::milliseconds(std::stoi(request.value())));
    co_await timer.async_wait(asio::use_awaitable);
    co_return request;
  });
  server.on_now<KeyValue, KeyValue>("test", "fail", [](const KeyValue& request) -> KeyValue {
    throw_error(Code::not_found, "no {}", request.key());
  });
  server.on<KeyValue, KeyValue>(
      "test", "park", [ended](KeyValue request) { return park(ended, std::move(request)); });
  server.on_bytes<KeyValue>("test", "piped", pipe_answer);
  server.on_now<KeyValue, KeyValue>("test", "large", [](const KeyValue& request) {
    KeyValue answer;
    answer.set_value(std::string(std::stoul(request.value()), 'x'));
    return answer;
  });
}

KeyValue key(const std::string& text, const std::string& value = "") {
  KeyValue message;
  message.set_key(text);
  message.set_value(value);
  return message;
}

/// A server and a client at the two ends of a socket pair, one loop.
struct Pair {
  asio::io_context io;
  std::shared_ptr<int> ended = std::make_shared<int>(0);
  Server server;
  std::shared_ptr<Client> client;

  Pair() {
    add_methods(server, ended);
    auto [ours, theirs] = make_socket_pair(SOCK_STREAM);
    asio::co_spawn(io, server.serve(std::move(theirs)), asio::detached);
    client = std::make_shared<Client>(io.get_executor(), std::move(ours));
    client->start();
  }

  /// Runs one call to its end; the code, and the answer by reference.
  Code call(const std::string& method, KeyValue request, KeyValue& answer,
            std::chrono::milliseconds deadline = 5s) {
    std::optional<Code> code;
    asio::co_spawn(io, one(client, method, std::move(request), deadline),
                   [&](const std::exception_ptr& error, KeyValue result) {
                     answer = std::move(result);
                     code = Code::ok;
                     try {
                       if (error) std::rethrow_exception(error);
                     } catch (const Error& failure) {
                       code = failure.code();
                     }
                   });
    const auto end = std::chrono::steady_clock::now() + 10s;
    while (!code && std::chrono::steady_clock::now() < end) io.run_one_for(10ms);
    return code.value_or(Code::unknown);
  }

  static asio::awaitable<KeyValue> one(std::shared_ptr<Client> client, std::string method,
                                       KeyValue request, std::chrono::milliseconds deadline) {
    KeyValue answer =
        co_await client->call<KeyValue>("test", std::move(method), std::move(request), deadline);
    co_return answer;
  }
};

/// A server with a raw peer, for bytes that no client sends.
struct RawPeer {
  asio::io_context io;
  std::shared_ptr<int> ended = std::make_shared<int>(0);
  Server server;
  UniqueFd peer;
  bool served = false;

  RawPeer() {
    add_methods(server, ended);
    auto [ours, theirs] = make_socket_pair(SOCK_STREAM);
    peer = std::move(ours);
    asio::co_spawn(io, server.serve(std::move(theirs)),
                   [this](const std::exception_ptr&) { served = true; });
  }
  void run() {
    const auto end = std::chrono::steady_clock::now() + 200ms;
    while (std::chrono::steady_clock::now() < end && io.run_one_for(20ms) != 0) {
    }
  }
  static std::string request(std::uint32_t stream, const std::string& method,
                             const std::string& payload) {
    kata::ttrpc::Request envelope;
    envelope.set_service("test");
    envelope.set_method(method);
    envelope.set_payload(payload);
    return encode_frame(stream, FrameType::request, envelope.SerializeAsString());
  }
  std::optional<kata::ttrpc::Response> answer() {
    char buffer[65536];
    const ssize_t count = ::recv(peer.get(), buffer, sizeof buffer, MSG_DONTWAIT);
    if (count <= 0) return std::nullopt;
    FrameParser parser;
    parser.feed(std::string_view(buffer, static_cast<std::size_t>(count)));
    kata::ttrpc::Response response;
    const std::optional<Frame> frame = parser.next();
    if (!frame || !response.ParseFromString(frame->payload)) return std::nullopt;
    return response;
  }
};

}  // namespace

TEST_CASE("a call is answered, at once or later", "[ttrpc]") {
  Pair pair;
  KeyValue answer;
  CHECK(pair.call("echo", key("a", "b"), answer) == Code::ok);
  CHECK(answer.value() == "b");
  CHECK(pair.call("later", key("a", "5"), answer) == Code::ok);
  CHECK(answer.value() == "5");
}

TEST_CASE("errors travel with their code", "[ttrpc]") {
  Pair pair;
  KeyValue answer;
  CHECK(pair.call("fail", key("x"), answer) == Code::not_found);
  CHECK(pair.call("nothing", key("x"), answer) == Code::unimplemented);
  CHECK(pair.call("echo", key("still alive", "1"), answer) == Code::ok);
}

TEST_CASE("a slow call does not hold up a fast one", "[ttrpc]") {
  Pair pair;
  std::vector<std::string> order;
  for (const char* delay : {"60", "1"}) {
    asio::co_spawn(pair.io, Pair::one(pair.client, "later", key("", delay), 5s),
                   [&order](const std::exception_ptr&, const KeyValue& answer) {
                     order.push_back(answer.value());
                   });
  }
  while (order.size() < 2 && pair.io.run_one_for(1s) != 0) {
  }
  CHECK(order == std::vector<std::string>{"1", "60"});
}

TEST_CASE("a deadline ends the call at both ends", "[ttrpc]") {
  Pair pair;
  KeyValue answer;
  CHECK(pair.call("park", key("x"), answer, 30ms) == Code::deadline_exceeded);
  const auto end = std::chrono::steady_clock::now() + 1s;
  while (*pair.ended == 0 && std::chrono::steady_clock::now() < end) pair.io.run_one_for(10ms);
  CHECK(*pair.ended == 1);
  CHECK(pair.call("echo", key("still alive", "1"), answer) == Code::ok);
}

TEST_CASE("parked calls end with their connection", "[ttrpc]") {
  RawPeer raw;
  for (std::uint32_t i = 0; i < 50; ++i)
    write_all(raw.peer.get(), RawPeer::request(2 * i + 1, "park", ""));
  raw.run();
  CHECK(*raw.ended == 0);
  raw.peer.reset();
  raw.run();
  CHECK(raw.served);
  CHECK(*raw.ended == 50);
}

TEST_CASE("calls in flight fail when the peer goes away", "[ttrpc]") {
  asio::io_context io;
  auto [ours, theirs] = make_socket_pair(SOCK_STREAM);
  const auto client = std::make_shared<Client>(io.get_executor(), std::move(ours));
  client->start();
  std::optional<Code> code;
  asio::co_spawn(io, Pair::one(client, "park", key("x"), kNoDeadline),
                 [&](const std::exception_ptr& error, const KeyValue&) {
                   try {
                     std::rethrow_exception(error);
                   } catch (const Error& failure) {
                     code = failure.code();
                   }
                 });
  io.poll();
  theirs.reset();
  io.run_for(1s);
  CHECK(code == Code::unavailable);
  CHECK_FALSE(client->is_open());
}

TEST_CASE("a message over four mebibytes is an error of that call alone", "[ttrpc]") {
  Pair pair;
  KeyValue answer;
  CHECK(pair.call("echo", key("x", std::string(kMaxFramePayload, 'y')), answer) ==
        Code::resource_exhausted);
  CHECK(pair.call("large", key("x", std::to_string(kMaxFramePayload)), answer) ==
        Code::resource_exhausted);
  CHECK(pair.call("large", key("x", std::to_string(kMaxFramePayload - 1024)), answer) == Code::ok);
  CHECK(answer.value().size() == kMaxFramePayload - 1024);
}

TEST_CASE("an answer out of a pipe arrives whole, whoever else is answered meanwhile", "[ttrpc]") {
  Pair pair;
  std::vector<std::string> keys;
  for (const char* size : {"1000000", "0", "1", "300000"}) {
    for (const char* method : {"piped", "echo"}) {
      asio::co_spawn(pair.io, Pair::one(pair.client, method, key("echoed", size), 5s),
                     [&keys](const std::exception_ptr& error, const KeyValue& answer) {
                       keys.push_back(error ? "failed" : answer.key());
                     });
    }
  }
  while (keys.size() < 8 && pair.io.run_one_for(1s) != 0) {
  }
  std::sort(keys.begin(), keys.end());
  CHECK(keys == std::vector<std::string>{"", "echoed", "echoed", "echoed", "echoed", "p",
                                         std::string(300000, 'p'), std::string(1000000, 'p')});
}

TEST_CASE("bytes that are no frame end the connection, not the server", "[ttrpc]") {
  RawPeer raw;
  SECTION("noise") { write_all(raw.peer.get(), std::string(4096, '\xff')); }
  SECTION("an even stream") {
    std::string frame = RawPeer::request(1, "echo", "");
    frame[7] = 2;
    write_all(raw.peer.get(), frame);
  }
  raw.run();
  CHECK(raw.served);
}

TEST_CASE("bytes that are no request are refused and the connection goes on", "[ttrpc]") {
  RawPeer raw;
  SECTION("no envelope") {
    write_all(raw.peer.get(), encode_frame(1, FrameType::request, "\xff\xff\xff"));
  }
  SECTION("no message inside") {
    write_all(raw.peer.get(), RawPeer::request(1, "echo", "\xff\xff\xff"));
  }
  SECTION("no message inside, waiting call") {
    write_all(raw.peer.get(), RawPeer::request(1, "park", "\xff\xff\xff"));
  }
  raw.run();
  const auto refused = raw.answer();
  REQUIRE(refused);
  CHECK(refused->status().code() == static_cast<int>(Code::invalid_argument));
  write_all(raw.peer.get(), RawPeer::request(3, "echo", key("a", "b").SerializeAsString()));
  raw.run();
  const auto good = raw.answer();
  REQUIRE(good);
  CHECK(good->status().code() == 0);
}

TEST_CASE("a stream id in use is refused", "[ttrpc]") {
  RawPeer raw;
  write_all(raw.peer.get(), RawPeer::request(3, "park", ""));
  write_all(raw.peer.get(), RawPeer::request(3, "park", ""));
  raw.run();
  const auto refused = raw.answer();
  REQUIRE(refused);
  CHECK(refused->status().code() == static_cast<int>(Code::invalid_argument));
}

TEST_CASE("a peer that starts over ends the calls of the one before it", "[ttrpc]") {
  RawPeer raw;
  for (const std::uint32_t stream : {1U, 3U, 5U})
    write_all(raw.peer.get(), RawPeer::request(stream, "park", ""));
  raw.run();
  CHECK(*raw.ended == 0);
  write_all(raw.peer.get(), RawPeer::request(1, "echo", key("a", "b").SerializeAsString()));
  raw.run();
  CHECK(*raw.ended == 3);
  const auto good = raw.answer();
  REQUIRE(good);
  CHECK(good->status().code() == 0);
  CHECK_FALSE(raw.answer());  // nothing of the calls before
}

TEST_CASE("a peer that asks and never reads is held back", "[ttrpc]") {
  RawPeer raw;
  set_nonblocking(raw.peer.get(), true);
  const std::string request = RawPeer::request(1, "large", key("x", "1000000").SerializeAsString());
  std::size_t taken = 0;
  // Every request costs a megabyte of answer: far fewer than ten thousand may be taken.
  for (int round = 0; round < 40; ++round) {
    for (int i = 0; i < 250; ++i) {
      if (::write(raw.peer.get(), request.data(), request.size()) !=
          static_cast<ssize_t>(request.size()))
        break;
      ++taken;
    }
    raw.io.poll();
  }
  CHECK(taken < 9000);
}

TEST_CASE("a peer that is asked and never reads is not asked for ever", "[ttrpc]") {
  asio::io_context io;
  auto [ours, theirs] = make_socket_pair(SOCK_STREAM);
  const auto client = std::make_shared<Client>(io.get_executor(), std::move(ours));
  client->start();
  std::size_t refused = 0;
  for (int i = 0; i < 100; ++i) {
    asio::co_spawn(io, Pair::one(client, "echo", key("x", std::string(1 << 20, 'y')), kNoDeadline),
                   [&](const std::exception_ptr& error, const KeyValue&) {
                     try {
                       if (error) std::rethrow_exception(error);
                     } catch (const Error& failure) {
                       if (failure.code() == Code::resource_exhausted) ++refused;
                     }
                   });
    io.poll();
  }
  CHECK(refused > 80);
  client->close("the test ends");
  io.poll();
}

TEST_CASE("an answer that is no message names its call", "[ttrpc]") {
  asio::io_context io;
  auto [ours, theirs] = make_socket_pair(SOCK_STREAM);
  const auto client = std::make_shared<Client>(io.get_executor(), std::move(ours));
  client->start();
  std::string text;
  asio::co_spawn(io, Pair::one(client, "echo", key("x"), 5s),
                 [&](const std::exception_ptr& error, const KeyValue&) {
                   try {
                     std::rethrow_exception(error);
                   } catch (const Error& failure) {
                     text = failure.what();
                   }
                   io.stop();
                 });
  kata::ttrpc::Response envelope;
  envelope.set_payload("\xff\xff");
  io.poll();
  write_all(theirs.get(), encode_frame(1, FrameType::response, envelope.SerializeAsString()));
  io.restart();
  io.run_for(5s);
  CHECK(text == "call test/echo: the answer is not a valid message");
}
