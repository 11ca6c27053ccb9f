// SPDX-License-Identifier: Apache-2.0
#include "runtime/agent/init/debug_console.h"

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <asio/buffer.hpp>
#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/posix/stream_descriptor.hpp>
#include <asio/redirect_error.hpp>
#include <asio/steady_timer.hpp>
#include <asio/this_coro.hpp>
#include <asio/use_awaitable.hpp>
#include <asio/write.hpp>
#include <cerrno>
#include <memory>
#include <optional>
#include <string>

#include "runtime/agent/init/transport.h"
#include "runtime/base/command.h"
#include "runtime/base/error.h"
#include "runtime/base/log.h"
#include "runtime/base/sys_terminal.h"

namespace kata::agent {
namespace {

using std::chrono::milliseconds;

constexpr const char* kShells[] = {"/bin/bash", "/usr/bin/bash", "/bin/sh", "/usr/bin/sh",
                                   "/bin/ash"};
constexpr std::string_view kNoShell =
    "This guest's image has no shell: build one with a shell (rootfs/debug.yaml) and name it in "
    "the configuration.\r\n";

struct Session {
  asio::posix::stream_descriptor port;
  asio::posix::stream_descriptor terminal;

  /// Ends what is parked on either of them.
  void close() {
    asio::error_code ignored;
    port.close(ignored);
    terminal.close(ignored);
  }
};

/// Copies until an end; a terminal's is EIO, when its last program has gone.
asio::awaitable<void> copy(asio::posix::stream_descriptor& from,
                           asio::posix::stream_descriptor& to) {
  char buffer[4096];
  for (;;) {
    asio::error_code error;
    const std::size_t count = co_await from.async_read_some(
        asio::buffer(buffer), asio::redirect_error(asio::use_awaitable, error));
    if (error) co_return;
    co_await asio::async_write(to, asio::buffer(buffer, count),
                               asio::redirect_error(asio::use_awaitable, error));
    if (error) co_return;
  }
}

std::optional<std::string> find_shell() {
  for (const char* path : kShells) {
    if (::access(path, X_OK) == 0) return path;
  }
  return std::nullopt;
}

ChildProcess start_shell(const std::string& shell, int terminal) {
  Command command;
  command.argv = {shell, "-i"};
  command.env = {{"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME=/",
                  "TERM=linux", "PS1=guest# "}};
  command.cwd = "/";
  command.fds = {{0, terminal}, {1, terminal}, {2, terminal}};
  command.new_session = true;
  command.before_exec = [] {
    try {
      sys::take_controlling_terminal(0);
    } catch (const Error& error) {
      return error.err();
    }
    return 0;
  };
  return spawn(command);
}

void end_shell(ChildProcess& shell) {
  ignore_error(
      [&] {
        shell.signal(SIGKILL);
        shell.wait();
      },
      "the first process collects the status of all that end, so it may be gone");
  shell.detach();
}

asio::awaitable<void> say(asio::posix::stream_descriptor& port, std::string_view text) {
  asio::error_code ignored;  // nobody listens any more
  co_await asio::async_write(port, asio::buffer(text),
                             asio::redirect_error(asio::use_awaitable, ignored));
}

/// A descriptor's own copy for asio, which closes it.
int own_copy(const UniqueFd& fd) {
  const int copy = ::fcntl(fd.get(), F_DUPFD_CLOEXEC, 0);
  if (copy < 0) throw_errno(errno, "copy a descriptor");
  return copy;
}

}  // namespace

asio::awaitable<void> run_debug_shell(UniqueFd port) {
  const auto executor = co_await asio::this_coro::executor;
  const std::optional<std::string> path = find_shell();
  if (!path) {
    asio::posix::stream_descriptor out(executor, own_copy(port));
    co_await say(out, std::string(kNoShell) + std::string(kDebugConsoleEnd));
    co_return;
  }
  sys::Terminal terminal = sys::open_terminal("/dev/ptmx");
  ChildProcess shell = start_shell(*path, terminal.slave.get());
  terminal.slave.reset();
  const auto session = std::make_shared<Session>(
      Session{asio::posix::stream_descriptor(executor, own_copy(port)),
              asio::posix::stream_descriptor(executor, own_copy(terminal.master))});
  terminal.master.reset();
  asio::co_spawn(
      executor,
      [session]() -> asio::awaitable<void> {
        co_await copy(session->port, session->terminal);
        session->close();
      },
      asio::detached);
  co_await copy(session->terminal, session->port);
  end_shell(shell);
  if (session->port.is_open()) co_await say(session->port, kDebugConsoleEnd);
  session->close();
}

asio::awaitable<void> serve_debug_console() {
  std::optional<std::string> path;
  constexpr int kTries = 1000;  // announced a moment after the agent's own port
  for (int i = 0; i < kTries && !path; ++i) {
    path = find_serial_port(kDebugPortName);
    if (!path) co_await pause_for(milliseconds(10));
  }
  if (!path) {
    log::warn("no debug console error=\"there is no port {}\"", kDebugPortName);
    co_return;
  }
  for (;;) {
    try {
      UniqueFd port = open_file(*path, O_RDWR | O_NONBLOCK);
      while (!host_is_connected(port.get())) co_await pause_for(milliseconds(100));
      log::info("debug console opened");
      co_await run_debug_shell(std::move(port));
      log::info("debug console closed");
    } catch (const std::exception& error) {
      log::warn("debug console error=\"{}\"", error.what());
    }
    // A port can be opened by one at a time, and what ended must have let go of it
    co_await pause_for(milliseconds(500));
  }
}

}  // namespace kata::agent
