// SPDX-License-Identifier: Apache-2.0
#include "runtime/base/fd.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch.hpp>

#include "runtime/base/error.h"
#include "runtime/base/io.h"

using namespace kata;

TEST_CASE("a descriptor is closed once and moves away", "[fd]") {
  Pipe pipe = make_pipe();
  const int number = pipe.read.get();
  UniqueFd moved = std::move(pipe.read);
  CHECK_FALSE(pipe.read);
  CHECK(moved.get() == number);
  moved.reset();
  CHECK(::fcntl(number, F_GETFD) == -1);
}

TEST_CASE("descriptors travel over a socket and are close-on-exec", "[fd]") {
  auto [a, b] = make_socket_pair(SOCK_SEQPACKET);
  const Pipe pipe = make_pipe();
  const int fds[] = {pipe.read.get(), pipe.write.get()};
  send_with_fds(a.get(), "token", fds);
  ReceivedFds received = receive_with_fds(b.get(), 64);
  CHECK(received.message == "token");
  REQUIRE(received.fds.size() == 2);
  CHECK((::fcntl(received.fds[0].get(), F_GETFD) & FD_CLOEXEC) != 0);
  write_all(received.fds[1].get(), "x");
  char c = 0;
  CHECK(::read(pipe.read.get(), &c, 1) == 1);
}

TEST_CASE("a unix socket works below a path longer than sun_path, private to its owner", "[fd]") {
  const TempDir dir;
  const std::string deep = dir.path() + "/" + std::string(100, 'd');
  make_directories(deep);
  const std::string path = deep + "/shim.sock";
  const UniqueFd listener = listen_unix(path, SOCK_STREAM);
  struct stat status {};
  REQUIRE(::stat(path.c_str(), &status) == 0);
  CHECK((status.st_mode & 0777) == 0600);
  CHECK(connect_unix(path, SOCK_STREAM));
  CHECK_THROWS_AS(connect_unix(dir.path() + "/none.sock", SOCK_STREAM), Error);
}
