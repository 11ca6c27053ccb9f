// SPDX-License-Identifier: Apache-2.0
//
// What a relay does once it may: wait for the end of its process, and pass signals and window sizes
// on meanwhile.
#pragma once

#include <functional>
#include <string>

#include "runtime/cli/shim_client.h"

namespace kata::cli {

/// The relay's status when the sandbox process has gone: as if killed by SIGKILL.
inline constexpr int kLostConnection = 137;

struct RelayTask {
  ProcessName process;
  std::string sandbox_dir;
  int terminal = -1;  ///< the pty's slave; -1: none
  /// Called once the sandbox process is connected and signals wait to be passed on. May be empty.
  std::function<void()> when_connected{};
};

/// Blocks all signals and runs until the process has ended; its exit status. For an exec'd process
/// it then deletes it in the sandbox process. Never throws: what goes wrong is kLostConnection.
int run_relay_loop(const RelayTask& task) noexcept;

}  // namespace kata::cli
