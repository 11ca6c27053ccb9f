// SPDX-License-Identifier: Apache-2.0
//
// Volumes that are unix sockets of the host.
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <string>
#include <thread>

#include "runtime/base/fd.h"
#include "runtime/base/io.h"
#include "tests/support/docker.h"

using namespace kata;
using kata::test::Docker;

namespace {

constexpr int kPatience = 60000;  // milliseconds

bool is_readable(int fd) {
  pollfd wanted{fd, POLLIN, 0};
  return ::poll(&wanted, 1, kPatience) == 1;
}

/// Answers `connections` of them: who has connected, and all that came.
void serve(int listener, int connections) {
  for (; connections > 0 && is_readable(listener); --connections) {
    const UniqueFd peer(::accept4(listener, nullptr, nullptr, SOCK_CLOEXEC));
    ucred who{};
    socklen_t length = sizeof who;
    ::getsockopt(peer.get(), SOL_SOCKET, SO_PEERCRED, &who, &length);
    const std::string head = std::to_string(who.uid) + ":" + std::to_string(who.gid) + " ";
    write_all(peer.get(), head);
    write_all(peer.get(), read_all(peer.get()));
  }
}

}  // namespace

TEST_CASE("a socket of the host that is a volume can be talked to", "[e2e]") {
  Docker docker;
  const TempDir folder("/var/tmp");
  const std::string path = folder.path() + "/socket";
  const UniqueFd listener = listen_unix(path, SOCK_STREAM);
  ::chmod(path.c_str(), 0666);
  const auto talk = [&](std::vector<std::string> options, const std::string& text) {
    options.insert(options.end(), {"-i", "-v", path + ":/run/socket:ro", "busybox", "probe",
                                   "connect", "/run/socket"});
    return docker.run(options, text);
  };
  {
    const std::jthread server([&] { serve(listener.get(), 3); });
    CommandResult answer = talk({}, "hello\n");
    INFO(answer.error_output);
    CHECK(answer.output == "0:0 hello\n");
    CHECK(answer.status == 0);
    // the server sees the container's user, not who passes it on
    CHECK(talk({"-u", "1000:1001"}, "hello\n").output == "1000:1001 hello\n");
    std::string much;
    for (int i = 0; i < 300000; ++i) much += std::to_string(i) + "\n";
    CHECK(talk({}, much).output == "0:0 " + much);
  }
  ::chmod(path.c_str(), 0600);
  const CommandResult refused = talk({"-u", "1000"}, "");
  CHECK(refused.status == 1);
  CHECK_THAT(refused.error_output, Catch::Contains("Permission denied"));
}

TEST_CASE("datagrams reach a socket of the host", "[e2e]") {
  Docker docker;
  const TempDir folder("/var/tmp");
  const std::string path = folder.path() + "/log";
  const UniqueFd receiver = listen_unix(path, SOCK_DGRAM);
  const CommandResult sent = docker.run(
      {"-i", "-v", path + ":/dev/log", "busybox", "sh", "-c", "probe send /dev/log; sleep 1"},
      "<13>hello");
  INFO(sent.error_output);
  CHECK(sent.status == 0);
  REQUIRE(is_readable(receiver.get()));
  std::string message(100, '\0');
  message.resize(static_cast<std::size_t>(
      std::max<ssize_t>(::recv(receiver.get(), message.data(), message.size(), 0), 0)));
  CHECK(message == "<13>hello");
}
