// SPDX-License-Identifier: Apache-2.0
//
// Ctrl-C and kill. A build starts make, which starts hundreds of compilers; all of them end when
// katabuild ends, however it ends, and the temporary folders go because the stack is unwound by an
// ordinary Error.
#pragma once

#include <memory>
#include <mutex>

#include "runtime/base/command.h"

namespace kata::pipeline {

/// Takes SIGINT, SIGTERM and SIGHUP from now on: they end the running command's process group and
/// mark the build.
void install_interrupt_handlers();
/// The signal that interrupted the build; 0: none.
[[nodiscard]] int interrupted_by() noexcept;
/// Throws Error(cancelled) once the build was interrupted. Long loops call it.
void throw_if_interrupted();
/// For tests: as if no signal had come.
void clear_interrupt() noexcept;

/// Runs commands in process groups of their own. A signal to katabuild kills the group; so does a
/// guard process when katabuild itself is killed by a signal it cannot take. Threads may share one
/// object.
class InterruptibleRunner final : public CommandRunner {
 public:
  InterruptibleRunner();
  ~InterruptibleRunner() override;
  InterruptibleRunner(const InterruptibleRunner&) = delete;
  InterruptibleRunner& operator=(const InterruptibleRunner&) = delete;
  /// As CommandRunner says; throws Error(cancelled) when a signal ended the command.
  CommandResult run(const Command& command) override;
  /// As above.
  CommandResult run_lines(const Command& command,
                          const std::function<void(std::string_view)>& on_line) override;

 private:
  void start_guard();

  RealCommandRunner runner_;
  std::once_flag guard_started_;
  UniqueFd guard_pipe_;
  pid_t guard_ = -1;
};

}  // namespace kata::pipeline
