// SPDX-License-Identifier: Apache-2.0
#include "runtime/shim/serve.h"

#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/io_context.hpp>
#include <asio/posix/stream_descriptor.hpp>
#include <asio/signal_set.hpp>
#include <asio/steady_timer.hpp>
#include <asio/use_awaitable.hpp>
#include <csignal>

#include "runtime/base/log.h"
#include "runtime/shim/sandbox_service.h"
#include "runtime/shim/task_service.h"

namespace kata::shim {
namespace {

/// What an engine that never asks for anything, or a lost call, leaves behind ends after this.
constexpr std::chrono::seconds kIdleLimit{60};
/// Time for the answer of the last call to leave through its socket.
constexpr std::chrono::milliseconds kLastAnswer{2};

asio::awaitable<void> end_when_idle(asio::io_context& io, sandbox::Sandbox& sandbox) {
  asio::steady_timer timer(io);
  bool was_empty = false;
  for (;;) {
    timer.expires_after(kIdleLimit);
    co_await timer.async_wait(asio::use_awaitable);
    if (sandbox.empty() && was_empty) break;
    was_empty = sandbox.empty();
  }
  log::warn("no container for a while, ending");
  co_await sandbox.shut_down();
  io.stop();
}

/// A create that was killed before it asked for anything must not leave this process behind: what
/// it wrote down does not name it yet, so that nobody else could end it.
asio::awaitable<void> end_with_starter(asio::io_context& io, sandbox::Sandbox& sandbox,
                                       UniqueFd starter) {
  asio::posix::stream_descriptor watched(io, starter.release());
  co_await watched.async_wait(asio::posix::stream_descriptor::wait_read, asio::use_awaitable);
  if (!sandbox.empty()) co_return;
  log::info("whoever started this has ended without a container");
  co_await sandbox.shut_down();
  io.stop();
}

asio::awaitable<void> end_on_signal(asio::io_context& io, sandbox::Sandbox& sandbox) {
  asio::signal_set signals(io, SIGTERM, SIGINT);
  const int number = co_await signals.async_wait(asio::use_awaitable);
  log::info("ending on signal {}", number);
  co_await sandbox.shut_down();
  io.stop();
}

std::string event_type(sandbox::Event::Kind kind) {
  switch (kind) {
    case sandbox::Event::Kind::oom:
      return "oom";
    case sandbox::Event::Kind::exit:
      return "exit";
    default:
      return "";
  }
}

}  // namespace

int serve(const ServeOptions& options) {
  std::signal(SIGPIPE, SIG_IGN);
  asio::io_context io(1);
  sandbox::Sandbox sandbox(
      io, {.id = options.id, .folder = options.folder, .config_flag = options.config_flag});
  sandbox::StdioHandoff handoff;
  asio::steady_timer last_answer(io);
  ServiceContext context{.sandbox = sandbox, .handoff = handoff, .end_soon = [&] {
                           last_answer.expires_after(kLastAnswer);
                           last_answer.async_wait([&](const std::error_code&) { io.stop(); });
                         }};
  EventLog events(io);
  sandbox.on_event = [&](const sandbox::Event& event) {
    if (const std::string type = event_type(event.kind); !type.empty() && event.exec_id.empty()) {
      events.add(event.container_id, type);
    }
  };
  wire::Server server;
  add_task_service(server, context);
  add_sandbox_service(server, context, events);
  asio::co_spawn(io, server.accept_and_serve(UniqueFd(options.task_socket)), asio::detached);
  if (options.stdio_socket >= 0)
    asio::co_spawn(io, handoff.accept(UniqueFd(options.stdio_socket)), asio::detached);
  asio::co_spawn(io, end_when_idle(io, sandbox), asio::detached);
  asio::co_spawn(io, end_on_signal(io, sandbox), asio::detached);
  if (options.starter >= 0)
    asio::co_spawn(io, end_with_starter(io, sandbox, UniqueFd(options.starter)), asio::detached);
  io.run();
  return 0;
}

}  // namespace kata::shim
