// SPDX-License-Identifier: Apache-2.0
//
// A process named so that a later process with the same pid is not mistaken for it.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>

namespace kata::cli {

struct ProcessIdentity {
  pid_t pid = 0;                 ///< 0: none
  std::uint64_t start_time = 0;  ///< field 22 of /proc/PID/stat, see proc(5)
};

/// The identity of a process that is there now; {0, 0} when it is not.
[[nodiscard]] ProcessIdentity identify(pid_t pid);
/// Whether it still runs: the same start time, and not a zombie.
[[nodiscard]] bool is_alive(const ProcessIdentity& process);
/// Waits until it has ended, at most `limit`; whether it has.
bool wait_for_end(const ProcessIdentity& process, std::chrono::milliseconds limit);
/// Ends it: SIGTERM and, after `grace`, SIGKILL; SIGKILL at once when grace is 0. Never throws: it
/// may be gone already.
void end_process(const ProcessIdentity& process, std::chrono::milliseconds grace) noexcept;

}  // namespace kata::cli
