// SPDX-License-Identifier: Apache-2.0
#include <sys/socket.h>

#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/io_context.hpp>
#include <catch2/catch.hpp>

#include "runtime/base/error.h"
#include "runtime/base/io.h"
#include "runtime/sandbox/stdio_handoff.h"
#include "runtime/sandbox/stdio_pump.h"

using namespace kata;
using namespace kata::sandbox;

namespace {

/// An agent at the other end of a socket pair: echoes standard input to standard output, "err" once
/// to standard error.
struct EchoAgent {
  std::string held;
  bool closed = false;
  bool told_error = false;

  void add_to(wire::Server& server) {
    server.on<grpc::WriteStreamRequest, grpc::WriteStreamResponse>(
        "grpc.AgentService", "WriteStdin",
        [this](grpc::WriteStreamRequest request) { return write(std::move(request)); });
    server.on<grpc::ReadStreamRequest, grpc::ReadStreamResponse>(
        "grpc.AgentService", "ReadStdout", [this](grpc::ReadStreamRequest) { return read(); });
    server.on<grpc::ReadStreamRequest, grpc::ReadStreamResponse>(
        "grpc.AgentService", "ReadStderr",
        [this](grpc::ReadStreamRequest) { return read_error(); });
    server.on<grpc::CloseStdinRequest, wire::Empty>(
        "grpc.AgentService", "CloseStdin", [this](grpc::CloseStdinRequest) { return close(); });
  }

  asio::awaitable<grpc::WriteStreamResponse> write(grpc::WriteStreamRequest request) {
    const std::size_t taken = (request.data().size() + 1) / 2;  // short writes must be gone on with
    held += request.data().substr(0, taken);
    grpc::WriteStreamResponse response;
    response.set_len(static_cast<std::uint32_t>(taken));
    co_return response;
  }
  asio::awaitable<grpc::ReadStreamResponse> read() {
    asio::steady_timer timer(co_await asio::this_coro::executor);
    while (held.empty() && !closed) {
      timer.expires_after(std::chrono::milliseconds(1));
      co_await timer.async_wait(asio::use_awaitable);
    }
    grpc::ReadStreamResponse response;
    response.set_data(std::exchange(held, {}));
    co_return response;
  }
  asio::awaitable<grpc::ReadStreamResponse> read_error() {
    grpc::ReadStreamResponse response;
    if (!std::exchange(told_error, true)) response.set_data("err");
    co_return response;
  }
  asio::awaitable<wire::Empty> close() {
    closed = true;
    co_return wire::Empty{};
  }
};

asio::awaitable<void> stop_when_drained(asio::io_context& io, std::shared_ptr<StdioPump> pump,
                                        bool& drained) {
  drained = co_await pump->drained(std::chrono::seconds(10));
  io.stop();
}

asio::awaitable<void> accept_once(StdioHandoff& handoff, UniqueFd listener) {
  co_await handoff.accept(std::move(listener));
}

}  // namespace

TEST_CASE("standard streams are carried both ways and kept apart", "[stdio]") {
  asio::io_context io;
  auto [host, guest] = make_socket_pair(SOCK_STREAM);
  EchoAgent echo;
  wire::Server server;
  echo.add_to(server);
  asio::co_spawn(io, server.serve(std::move(guest)), asio::detached);
  auto agent = std::make_shared<AgentClient>(io.get_executor(), std::move(host));

  Pipe in = make_pipe();
  const TempDir dir;  // plain files, which epoll does not know
  StdioFds fds{.in = std::move(in.read),
               .out = open_file(dir.path() + "/out", 01101, 0600),
               .err = open_file(dir.path() + "/err", 01101, 0600)};
  const std::string text(50000, 'x');
  write_all(in.write.get(), text);
  in.write.reset();
  auto pump = std::make_shared<StdioPump>(io.get_executor(), agent, ProcessName{"c1", "c1"},
                                          std::move(fds), false);
  pump->start();
  bool drained = false;
  asio::co_spawn(io, stop_when_drained(io, pump, drained), asio::detached);
  io.run_for(std::chrono::seconds(20));
  CHECK(drained);
  CHECK(read_file(dir.path() + "/out") == text);
  CHECK(read_file(dir.path() + "/err") == "err");
}

TEST_CASE("descriptors are handed over under a token, once", "[stdio]") {
  asio::io_context io;
  const TempDir dir;
  const std::string path = dir.path() + "/stdio.sock";
  StdioHandoff handoff;
  asio::co_spawn(io, accept_once(handoff, listen_unix(path, SOCK_SEQPACKET)), asio::detached);
  const UniqueFd peer = connect_unix(path, SOCK_SEQPACKET);
  const Pipe pipe = make_pipe();
  const int fds[] = {pipe.read.get(), pipe.write.get(), pipe.write.get()};
  send_with_fds(peer.get(), "t0ken", fds);
  io.run_for(std::chrono::milliseconds(200));
  CHECK(receive_with_fds(peer.get(), 16).message == "ok");
  CHECK(handoff.take("t0ken").size() == 3);
  CHECK_THROWS_AS(handoff.take("t0ken"), Error);
}
