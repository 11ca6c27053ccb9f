// SPDX-License-Identifier: Apache-2.0
#include "runtime/cli/relay_loop.h"

#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/io_context.hpp>
#include <asio/steady_timer.hpp>
#include <asio/use_awaitable.hpp>
#include <catch2/catch.hpp>
#include <thread>

#include "runtime/base/error.h"
#include "runtime/base/io.h"
#include "runtime/base/sys_process.h"
#include "runtime/wire/ttrpc/server.h"
#include "task.pb.h"

using namespace kata;
using namespace kata::cli;
namespace task = containerd::task::v2;

namespace {

/// A sandbox process that says of every process: ended with the number of the signal it got, or
/// with 7 when its exec id begins with "exec". It breaks the connection when it gets SIGHUP.
class FakeShim {
 public:
  explicit FakeShim(const std::string& folder) : timer_(io_) {
    timer_.expires_after(std::chrono::hours(1));
    server_.on<task::WaitRequest, task::WaitResponse>(
        "containerd.task.v2.Task", "Wait",
        [this](task::WaitRequest r) { return wait(std::move(r)); });
    server_.on<task::KillRequest, wire::Empty>(
        "containerd.task.v2.Task", "Kill",
        [this](task::KillRequest r) { return kill(std::move(r)); });
    server_.on<task::DeleteRequest, task::DeleteResponse>(
        "containerd.task.v2.Task", "Delete",
        [this](task::DeleteRequest r) { return remove(std::move(r)); });
    UniqueFd listener = listen_unix(folder + "/shim.sock", SOCK_STREAM);
    asio::co_spawn(io_, server_.accept_and_serve(std::move(listener)), asio::detached);
    thread_ = std::thread([this] { io_.run(); });
  }
  ~FakeShim() { end(); }
  /// The process that was deleted; the shim answers no more.
  std::string deleted() {
    end();
    return deleted_;
  }

 private:
  void end() {
    io_.stop();
    if (thread_.joinable()) thread_.join();
  }
  asio::awaitable<task::WaitResponse> wait(task::WaitRequest request) {
    task::WaitResponse response;
    response.set_exit_status(7);
    if (request.exec_id().empty()) {
      try {
        co_await timer_.async_wait(asio::use_awaitable);
      } catch (const std::system_error&) {
      }
      response.set_exit_status(static_cast<unsigned>(128 + signal_));
    }
    co_return response;
  }
  asio::awaitable<wire::Empty> kill(task::KillRequest request) {
    if (request.signal() == SIGHUP) {
      io_.stop();
    } else {
      signal_ = static_cast<int>(request.signal());
      timer_.cancel();
    }
    co_return wire::Empty{};
  }
  asio::awaitable<task::DeleteResponse> remove(task::DeleteRequest request) {
    deleted_ = request.exec_id();
    co_return task::DeleteResponse{};
  }

  asio::io_context io_;
  asio::steady_timer timer_;
  wire::Server server_;
  int signal_ = 0;
  std::string deleted_;
  std::thread thread_;
};

/// The loop in a process of its own, which it needs: it blocks all signals.
pid_t start_loop(const RelayTask& relay_task) {
  const pid_t pid = ::fork();
  if (pid == 0) ::_exit(run_relay_loop(relay_task));
  return pid;
}

void signal_when_ready(pid_t pid, int signal) {
  // The signals are blocked once SigBlk in /proc/PID/status is all ones; before, the signal would
  // end the child.
  for (int i = 0; i < 500; ++i) {
    const std::string status = read_file("/proc/" + std::to_string(pid) + "/status");
    if (status.find("SigBlk:\tf") != std::string::npos) break;
    ::usleep(10000);
  }
  sys::kill(pid, signal);
}

}  // namespace

TEST_CASE("a relay passes signals on and exits with the container's status", "[cli]") {
  const TempDir dir;
  const pid_t pid = [&] {
    return start_loop({.process = {"c1", ""}, .sandbox_dir = dir.path(), .terminal = -1});
  }();
  // Without a sandbox process there is nothing to wait for.
  CHECK(sys::shell_status(sys::wait_for(pid)) == kLostConnection);

  const FakeShim shim(dir.path());
  const pid_t second =
      start_loop({.process = {"c1", ""}, .sandbox_dir = dir.path(), .terminal = -1});
  signal_when_ready(second, SIGTERM);
  CHECK(sys::shell_status(sys::wait_for(second)) == 128 + SIGTERM);
}

TEST_CASE("an exec's relay deletes the process at its end", "[cli]") {
  const TempDir dir;
  FakeShim shim(dir.path());
  const pid_t pid =
      start_loop({.process = {"c1", "exec-1"}, .sandbox_dir = dir.path(), .terminal = -1});
  CHECK(sys::shell_status(sys::wait_for(pid)) == 7);
  CHECK(shim.deleted() == "exec-1");
}

TEST_CASE("a relay whose sandbox process dies exits as if killed", "[cli]") {
  const TempDir dir;
  pid_t pid = -1;
  {
    const FakeShim shim(dir.path());
    pid = start_loop({.process = {"c1", ""}, .sandbox_dir = dir.path(), .terminal = -1});
    signal_when_ready(pid, SIGHUP);
    ::usleep(300000);
  }
  CHECK(sys::shell_status(sys::wait_for(pid)) == kLostConnection);
}
