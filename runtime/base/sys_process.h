// SPDX-License-Identifier: Apache-2.0
//
// Process system calls: one thin function each, typed, throwing with the arguments in the message.
#pragma once

#include <sys/types.h>

#include <optional>

#include "runtime/base/fd.h"

namespace kata::sys {

/// pidfd_open(2). Throws Error (not_found when there is no such process).
[[nodiscard]] UniqueFd pidfd_open(pid_t pid);
/// pidfd_send_signal(2). Throws Error (not_found when it has been reaped).
void pidfd_send_signal(int pidfd, int signal);
/// kill(2). Throws Error.
void kill(pid_t pid, int signal);
/// Exit status as a shell tells it: 0-255, or 128 + signal.
[[nodiscard]] int shell_status(int wait_status) noexcept;
/// waitpid(2) until the child ends, EINTR retried; the wait status. Throws Error.
int wait_for(pid_t pid);
/// waitpid(2) with WNOHANG: nothing while the child runs. Throws Error.
[[nodiscard]] std::optional<int> try_wait_for(pid_t pid);
/// Marks every descriptor from `first` up close-on-exec: close_range(2), or one by one on kernels before 5.11.
void close_on_exec_from(int first) noexcept;
/// setns(2). Throws Error.
void setns(int fd, int type);
/// unshare(2). Throws Error.
void unshare(int flags);

}  // namespace kata::sys
