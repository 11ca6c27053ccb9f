// SPDX-License-Identifier: Apache-2.0
#include "runtime/agent/process/process.h"

#include <sys/wait.h>

#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/redirect_error.hpp>
#include <asio/steady_timer.hpp>
#include <asio/use_awaitable.hpp>
#include <cerrno>
#include <chrono>

#include "runtime/base/error.h"
#include "runtime/base/log.h"
#include "runtime/base/sys_process.h"

#ifndef P_PIDFD
#define P_PIDFD 3
#endif

namespace kata::agent {
namespace {

std::unique_ptr<Stream> open_stream(const asio::any_io_executor& executor, UniqueFd fd,
                                    Stream::Kind kind, std::size_t pipe_size) {
  if (!fd) return nullptr;
  return std::make_unique<Stream>(executor, std::move(fd), kind, pipe_size);
}

Stream& existing(const std::unique_ptr<Stream>& stream, std::string_view what) {
  if (!stream) throw_error(Code::failed_precondition, "the process has no {}", what);
  return *stream;
}

}  // namespace

Process::Process(const asio::any_io_executor& executor, StartedProcess& started,
                 std::size_t pipe_size)
    : executor_(executor),
      pid_(started.pid),
      pidfd_(started.pidfd.duplicate()),
      in_(open_stream(executor, std::move(started.stdio.in), Stream::Kind::pipe, pipe_size)),
      out_(open_stream(executor, std::move(started.stdio.out), Stream::Kind::pipe, pipe_size)),
      err_(open_stream(executor, std::move(started.stdio.err), Stream::Kind::pipe, pipe_size)),
      console_(open_stream(executor, std::move(started.stdio.console), Stream::Kind::console, 0)),
      ended_(executor) {}

void Process::watch() {
  asio::co_spawn(executor_, wait_for_end(shared_from_this()), asio::detached);
}

asio::awaitable<void> Process::wait_for_end([[maybe_unused]] std::shared_ptr<Process> self) {
  asio::posix::stream_descriptor pidfd(executor_, pidfd_.duplicate().release());
  while (!status_) {
    std::error_code error;
    co_await pidfd.async_wait(asio::posix::stream_descriptor::wait_read,
                              asio::redirect_error(asio::use_awaitable, error));
    reap();
    if (error) break;
  }
}

void Process::reap() {
  if (status_) return;
  siginfo_t info{};
  int result;
  do {
    result = ::waitid(static_cast<idtype_t>(P_PIDFD), static_cast<id_t>(pidfd_.get()), &info,
                      WEXITED | WNOHANG);
  } while (result != 0 && errno == EINTR);
  if (result != 0) {
    // Somebody else took the status; the process is gone all the same, and nobody may wait for
    // ever.
    log::warn("exit status lost pid={} error=\"{}\"", pid_, errno_text(errno));
    status_ = 255;
  } else if (info.si_pid == 0) {
    return;
  } else {
    status_ = info.si_code == CLD_EXITED ? info.si_status : 128 + info.si_status;
  }
  log::debug("process ended pid={} status={}", pid_, status_.value_or(-1));
  ended_.notify_all();
}

asio::awaitable<int> Process::wait() {
  const std::shared_ptr<Process> self = shared_from_this();
  while (!status_) co_await ended_.wait();
  co_return *status_;
}

asio::awaitable<std::optional<int>> Process::wait_for(unsigned seconds) {
  const std::shared_ptr<Process> self = shared_from_this();
  asio::steady_timer limit(executor_, std::chrono::seconds(seconds));
  const auto passed = std::make_shared<bool>(false);
  limit.async_wait([self, passed](std::error_code cancelled) {
    if (cancelled) return;
    *passed = true;
    self->ended_.notify_all();
  });
  while (!status_ && !*passed) co_await ended_.wait();
  co_return status_;
}

void Process::signal(int number) {
  if (status_) throw_error(Code::not_found, "process {} has ended", pid_);
  sys::pidfd_send_signal(pidfd_.get(), number);
}

Stream& Process::input() { return console_ ? *console_ : existing(in_, "standard input"); }
Stream& Process::output() { return console_ ? *console_ : existing(out_, "standard output"); }
Stream& Process::error_output() { return existing(err_, "standard error"); }
Stream& Process::console() { return existing(console_, "terminal"); }

void Process::close_streams() {
  for (Stream* stream : {in_.get(), out_.get(), err_.get(), console_.get()}) {
    if (stream != nullptr) stream->close();
  }
}

}  // namespace kata::agent
