// SPDX-License-Identifier: Apache-2.0
#include "runtime/agent/init/orphan_reaper.h"

#include <signal.h>
#include <sys/eventfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <asio/posix/stream_descriptor.hpp>
#include <asio/this_coro.hpp>
#include <asio/use_awaitable.hpp>
#include <cerrno>
#include <cstdint>

#include "runtime/base/error.h"
#include "runtime/base/fd.h"

namespace kata::agent {
namespace {

int child_event = -1;  // what the handler below can reach

/// A handler and not a signalfd: handlers are reset by execve(2), blocked signals are not.
void on_child(int) {
  const int saved = errno;
  const std::uint64_t one = 1;
  [[maybe_unused]] const ssize_t written = ::write(child_event, &one, sizeof one);
  errno = saved;
}

void reap_all(const std::function<bool(pid_t)>& reap_known) {
  for (;;) {
    siginfo_t info{};
    if (::waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) != 0 || info.si_pid == 0) return;
    if (!reap_known(info.si_pid)) ::waitpid(info.si_pid, nullptr, WNOHANG);
  }
}

}  // namespace

asio::awaitable<void> reap_orphans(std::function<bool(pid_t)> reap_known) {
  UniqueFd event(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!event) throw_errno(errno, "create an eventfd");
  child_event = event.get();
  struct sigaction action {};
  action.sa_handler = on_child;
  action.sa_flags = SA_RESTART | SA_NOCLDSTOP;
  ::sigaction(SIGCHLD, &action, nullptr);
  asio::posix::stream_descriptor descriptor(co_await asio::this_coro::executor, event.release());
  for (;;) {
    reap_all(reap_known);
    co_await descriptor.async_wait(asio::posix::stream_descriptor::wait_read, asio::use_awaitable);
    std::uint64_t count = 0;
    [[maybe_unused]] const ssize_t taken = ::read(descriptor.native_handle(), &count, sizeof count);
  }
}

}  // namespace kata::agent
