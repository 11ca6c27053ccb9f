// SPDX-License-Identifier: Apache-2.0
//
// What an agent can do with a socket of the host that its container was given: no more than the
// container's user could.
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <optional>
#include <string>

#include "sandbox_bench.h"

using namespace kata;
using namespace kata::test;

namespace {

std::string connection(std::uint64_t number, std::uint64_t socket) {
  kata::guest::SocketConnection message;
  message.set_connection(number);
  message.set_socket(socket);
  message.set_uid(0);  // whatever the guest says
  message.set_gid(0);
  message.add_groups(0);
  return message.SerializeAsString();
}

std::string data(const std::string& text) {
  kata::guest::SocketData message;
  message.set_data(text);
  return message.SerializeAsString();
}

UniqueFd accepted(int listener) {
  return UniqueFd(::accept4(listener, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
}

}  // namespace

TEST_CASE("a guest is never more than its container's user at a socket of the host", "[hostile]") {
  const TempDir dir;
  const std::string path = dir.path() + "/socket";
  const UniqueFd listener = listen_unix(path, SOCK_STREAM | SOCK_NONBLOCK);
  ::chmod(path.c_str(), 0666);
  const auto connect = [](int count) -> std::optional<std::string> {
    if (count == 1) return connection(7, 1);
    if (count == 2) return connection(8, 99);  // a socket that nobody gave it
    return std::nullopt;
  };
  SandboxBench bench(
      {.answers = {{"NextSocketConnection", connect},
                   {"ReadSocket", [](int count) { return data(count == 1 ? "hi" : ""); }}},
       .socket = path,
       .uid = 1234});
  REQUIRE(bench.create().code == Code::ok);
  UniqueFd peer;
  REQUIRE(bench.run_until([&] {
    if (!peer) peer = accepted(listener.get());
    return static_cast<bool>(peer);
  }));
  ucred who{};
  socklen_t length = sizeof who;
  REQUIRE(::getsockopt(peer.get(), SOL_SOCKET, SO_PEERCRED, &who, &length) == 0);
  CHECK(who.uid == 1234);
  CHECK(who.gid == 1234);
  std::string got;
  REQUIRE(bench.run_until([&] {
    char buffer[16];
    const ssize_t count = ::recv(peer.get(), buffer, sizeof buffer, 0);
    if (count > 0) got.append(buffer, static_cast<std::size_t>(count));
    return !got.empty();
  }));
  CHECK(got == "hi");
  peer.reset();
  CHECK(bench.run_until([&] { return bench.agent().calls("CloseSocket") == 1; }));
  CHECK(bench.agent().calls("NextSocketConnection") == 3);
  CHECK_FALSE(accepted(listener.get()));
}

TEST_CASE("a socket of the host that the container's user may not use is not reached",
          "[hostile]") {
  const TempDir dir;
  const std::string path = dir.path() + "/socket";
  const UniqueFd listener = listen_unix(path, SOCK_STREAM | SOCK_NONBLOCK);  // its owner's alone
  SandboxBench bench({.answers = {{"NextSocketConnection",
                                   [](int count) -> std::optional<std::string> {
                                     if (count == 1) return connection(7, 1);
                                     return std::nullopt;
                                   }}},
                      .socket = path,
                      .uid = 1234});
  REQUIRE(bench.create().code == Code::ok);
  REQUIRE(bench.run_until([&] { return bench.agent().calls("CloseSocket") == 1; }));
  CHECK_FALSE(accepted(listener.get()));
}

TEST_CASE("an agent that answers no call for a socket leaves nothing when the sandbox ends",
          "[hostile]") {
  const TempDir dir;
  const std::string path = dir.path() + "/socket";
  const UniqueFd listener = listen_unix(path, SOCK_STREAM | SOCK_NONBLOCK);
  { SandboxBench warm_up; }
  const std::size_t descriptors = open_descriptors();
  {
    const auto nothing = [](int) -> std::optional<std::string> { return std::nullopt; };
    SandboxBench bench({.answers = {{"NextSocketConnection",
                                     [](int count) -> std::optional<std::string> {
                                       if (count == 1) return connection(7, 1);
                                       return std::nullopt;
                                     }},
                                    {"ReadSocket", nothing},
                                    {"WriteSocket", nothing},
                                    {"CloseSocket", nothing}},
                        .socket = path});
    REQUIRE(bench.create().code == Code::ok);
    UniqueFd peer;
    REQUIRE(bench.run_until([&] {
      if (!peer) peer = accepted(listener.get());
      return static_cast<bool>(peer);
    }));
    CHECK(bench.shut_down().ended);
    bench.run_until([&] {
      char byte;
      return ::recv(peer.get(), &byte, 1, 0) == 0;  // the host's program reads the end
    });
  }
  CHECK(open_descriptors() == descriptors);
}
