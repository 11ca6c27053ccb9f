// SPDX-License-Identifier: Apache-2.0
//
// One process that an engine knows: a container's init (empty exec id) or an exec. Plain state;
// Sandbox drives it.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <memory>
#include <optional>
#include <string>

#include "oci.pb.h"
#include "runtime/base/fd.h"
#include "runtime/sandbox/latch.h"
#include "runtime/sandbox/stdio_pump.h"

namespace kata::sandbox {

enum class ProcessStatus { created, running, stopped };

/// What a process ended with.
struct ExitRecord {
  std::uint32_t status = 0;  ///< 0-255; 128 + signal
  std::chrono::system_clock::time_point at{};
};

struct Process {
  Process(asio::any_io_executor executor, std::string id)
      : exec_id(std::move(id)), exited(std::move(executor)) {}

  std::string exec_id;  ///< empty: the container's init
  ProcessStatus status = ProcessStatus::created;
  bool terminal = false;
  std::string stdin_path;  ///< as the engine gave them, for State
  std::string stdout_path;
  std::string stderr_path;
  StdioFds fds;                       ///< until the pump takes them
  std::optional<grpc::Process> spec;  ///< execs only
  std::shared_ptr<StdioPump> pump;
  pid_t host_pid = 0;  ///< the relay's; 0: the hypervisor's stands for it
  UniqueFd relay_pidfd;
  Latch exited;
  ExitRecord exit;
};

}  // namespace kata::sandbox
