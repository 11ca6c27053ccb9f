// SPDX-License-Identifier: Apache-2.0
//
// The socket between the agent and a process that it starts: reports go up, single "go on" bytes
// come down. It is close-on-exec, so end of file after the last report means that execve(2) has
// succeeded.
#pragma once

#include "runtime/base/error.h"
#include "runtime/base/fd.h"

namespace kata::agent::launch {
class Report;
}

namespace kata::agent {

// Descriptors of the child, as container/launch.cc hands them over.
inline constexpr int kSyncFd = 3;
inline constexpr int kPlanFd = 4;
inline constexpr int kSharedPidnsFd = 5;

/// Child: sends one report, with a descriptor when `fd` >= 0. Throws Error.
void send_report(int socket, const launch::Report& report, int fd = -1);
/// Child: blocks until the agent says go on. Throws Error(cancelled) when the agent has gone away.
void wait_for_go(int socket);
/// Child: tells the agent why it ends. Never throws.
void send_failure(int socket, const Error& error) noexcept;

/// Agent: the next report and the descriptor that came with it; false at end of file. Throws Error.
[[nodiscard]] bool receive_report(int socket, launch::Report& report, UniqueFd& fd);
/// Agent: lets the child go on. Throws Error(unavailable) when the child has gone.
void send_go(int socket);

}  // namespace kata::agent
