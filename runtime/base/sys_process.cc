// SPDX-License-Identifier: Apache-2.0
#include "runtime/base/sys_process.h"

#include <dirent.h>
#include <sched.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>

#include "runtime/base/error.h"
#include "runtime/base/signals.h"

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

void close_fds_from(int first) {
#ifdef SYS_close_range
  if (::syscall(SYS_close_range, static_cast<unsigned>(first), ~0U, 0U) == 0) return;
#endif
  DIR* directory = ::opendir("/proc/self/fd");
  if (directory == nullptr) return;
  while (const dirent* entry = ::readdir(directory)) {
    const int fd = std::atoi(entry->d_name);
    if (fd >= first && fd != ::dirfd(directory)) ::close(fd);
  }
  ::closedir(directory);
}

void setns(int fd, int type) {
  if (::setns(fd, type) != 0) throw_errno(errno, "enter the namespace of descriptor {}", fd);
}

void unshare(int flags) {
  if (::unshare(flags) != 0) throw_errno(errno, "unshare namespaces (flags {:#x})", flags);
}

}  // namespace kata::sys
