// SPDX-License-Identifier: Apache-2.0
#include "runtime/base/sys_process.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>

#include "runtime/base/error.h"
#include "runtime/base/signals.h"

#ifndef SYS_close_range
#define SYS_close_range 436
#endif
#ifndef SYS_pidfd_open
#define SYS_pidfd_open 434
#define SYS_pidfd_send_signal 424
#endif

namespace kata::sys {

UniqueFd pidfd_open(pid_t pid) {
  const long fd = ::syscall(SYS_pidfd_open, pid, 0);
  if (fd < 0) throw_errno(errno, "open a pidfd of process {}", pid);
  return UniqueFd(static_cast<int>(fd));
}

void pidfd_send_signal(int pidfd, int signal) {
  if (::syscall(SYS_pidfd_send_signal, pidfd, signal, nullptr, 0) != 0) {
    throw_errno(errno, "send {} through pidfd {}", signal_name(signal), pidfd);
  }
}

void kill(pid_t pid, int signal) {
  if (::kill(pid, signal) != 0) throw_errno(errno, "send {} to process {}", signal_name(signal), pid);
}

int shell_status(int wait_status) noexcept {
  return WIFSIGNALED(wait_status) ? 128 + WTERMSIG(wait_status) : WEXITSTATUS(wait_status);
}

int wait_for(pid_t pid) {
  int status = 0;
  while (::waitpid(pid, &status, 0) < 0) {
    if (errno != EINTR) throw_errno(errno, "wait for process {}", pid);
  }
  return status;
}

std::optional<int> try_wait_for(pid_t pid) {
  int status = 0;
  const pid_t reaped = ::waitpid(pid, &status, WNOHANG);
  if (reaped < 0) throw_errno(errno, "wait for process {}", pid);
  if (reaped == 0) return std::nullopt;
  return status;
}

void close_on_exec_from(int first) noexcept {
  constexpr unsigned kCloseRangeCloexec = 4;  // CLOSE_RANGE_CLOEXEC, linux/close_range.h
  if (::syscall(SYS_close_range, static_cast<unsigned>(first), ~0U, kCloseRangeCloexec) == 0) return;
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  const int end = limit.rlim_cur > 65536 ? 65536 : static_cast<int>(limit.rlim_cur);
  for (int fd = first; fd < end; ++fd) {
    if (const int flags = ::fcntl(fd, F_GETFD); flags >= 0) ::fcntl(fd, F_SETFD, flags | FD_CLOEXEC);
  }
}

void setns(int fd, int type) {
  if (::setns(fd, type) != 0) throw_errno(errno, "enter the namespace of descriptor {}", fd);
}

void unshare(int flags) {
  if (::unshare(flags) != 0) throw_errno(errno, "unshare namespaces (flags {:#x})", flags);
}

}  // namespace kata::sys
