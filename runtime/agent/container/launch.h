// SPDX-License-Identifier: Apache-2.0
//
// The agent's side of starting a container process: executes container-init, hands it the plan and
// its descriptors, does for it what only the agent may do, and passes its errors on.
#pragma once

#include <sys/types.h>

#include <functional>
#include <string>

#include "runtime/agent/container/container.h"
#include "runtime/base/command.h"
#include "runtime/base/fd.h"

namespace grpc {
class Linux;
}

namespace kata::agent::launch {
class Plan;
class Report;
}  // namespace kata::agent::launch

namespace kata::agent {

/// One process on its way to execve(2). Unless that was reached, the destructor kills and reaps it.
class Launch {
 public:
  /// Starts container-init; it waits until prepare() is called. `shared_pidns` is borrowed, -1:
  /// none. Throws Error.
  Launch(const launch::Plan& plan, const std::string& executable, int shared_pidns);
  Launch(const Launch&) = delete;
  Launch& operator=(const Launch&) = delete;
  ~Launch();

  /// The process that enters the namespaces: to be moved into the cgroup before prepare().
  [[nodiscard]] pid_t first_pid() const noexcept { return first_.pid(); }
  /// Goes through all steps up to "only execve is left". `on_mounted` runs when the root file
  /// system is complete and not entered yet, with the process's pid. Throws Error, the child's own
  /// included.
  void prepare(const grpc::Process& process, const grpc::Linux& linux,
               const std::function<void(pid_t)>& on_mounted);
  /// Lets it call execve(2) and waits for the outcome. Throws Error.
  void execute();
  /// The process, as soon as prepare() is done.
  [[nodiscard]] StartedProcess& process() noexcept { return process_; }

 private:
  [[nodiscard]] bool next(launch::Report& report, UniqueFd& fd);
  void adopt(pid_t pid, const grpc::Process& process);
  void write_maps(const grpc::Linux& linux) const;

  UniqueFd sync_;
  ChildProcess first_;
  StartedProcess process_;
  bool executing_ = false;
};

}  // namespace kata::agent
