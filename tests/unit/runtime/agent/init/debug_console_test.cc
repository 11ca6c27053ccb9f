// SPDX-License-Identifier: Apache-2.0
#include "runtime/agent/init/debug_console.h"

#include <signal.h>
#include <sys/socket.h>

#include <asio/co_spawn.hpp>
#include <asio/io_context.hpp>
#include <asio/posix/stream_descriptor.hpp>
#include <catch2/catch.hpp>
#include <chrono>
#include <string>

#include "runtime/base/io.h"

namespace {

using namespace kata;
using namespace kata::agent;

/// Runs a shell on one side of a pair, with `input` on the other; what it wrote. `leave`: the other
/// side goes away without a word.
std::string run_shell(const std::string& input, bool leave = false) {
  auto [host, guest] = make_socket_pair(SOCK_STREAM);
  asio::io_context io(1);
  bool done = false;
  asio::co_spawn(io, run_debug_shell(std::move(guest)), [&](const std::exception_ptr& error) {
    if (error) std::rethrow_exception(error);
    done = true;
  });
  write_all(host.get(), input);
  if (leave) host.reset();
  io.run_for(std::chrono::seconds(20));
  REQUIRE(done);
  if (leave) return {};
  return read_all(host.get());
}

}  // namespace

TEST_CASE("the debug shell has a terminal and says when it has ended", "[debug_console]") {
  const std::string output = run_shell("test -t 0 && echo on a $((6 * 7)) terminal; exit\n");
  CHECK(output.find("on a 42 terminal\r\n") != std::string::npos);
  CHECK(output.ends_with(kDebugConsoleEnd));
}

TEST_CASE("a debug shell whose host has gone is ended", "[debug_console]") {
  // As in the agent's main: the shell's prompt may come when nobody is there to take it any more
  const auto before = ::signal(SIGPIPE, SIG_IGN);
  run_shell("sleep 100\n", true);
  ::signal(SIGPIPE, before);
}
