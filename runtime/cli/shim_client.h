// SPDX-License-Identifier: Apache-2.0
//
// The sandbox process as the command line sees it: one function a call, over ROOT/ID/shim.sock. The
// only file of this folder that knows ttrpc.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "runtime/cli/interrupt.h"
#include "runtime/oci/state.h"

namespace grpc {
class StatsContainerResponse;
}
namespace kata::sandbox {
class ProcessesResponse;
}

namespace kata::cli {

/// A process of the sandbox: the container's first one when exec_id is empty.
struct ProcessName {
  std::string id;
  std::string exec_id;
};

struct SandboxEvent {
  std::uint64_t sequence = 0;
  std::string type;  ///< "oom", "exit"
};

class ShimClient {
 public:
  /// Connects to the sandbox process of `sandbox_dir`. Throws Error (not_found or unavailable when
  /// it is not there).
  explicit ShimClient(const std::string& sandbox_dir);
  ShimClient(ShimClient&&) noexcept;
  ~ShimClient();

  /// Calls from now on end with Error(cancelled) when `interrupt` says so. It must outlive the
  /// client.
  void end_calls_on(const Interrupt& interrupt);

  void attach_relay(const ProcessName& process, pid_t pid);
  /// `token` names the descriptors that were handed over. Takes as long as a virtual machine takes
  /// to start.
  void create(const std::string& id, const std::string& bundle, bool terminal,
              const std::string& token);
  void exec(const ProcessName& process, bool terminal, const std::string& token,
            const std::string& process_json);
  void start(const ProcessName& process);
  [[nodiscard]] oci::Status state(const std::string& id);
  void kill(const ProcessName& process, int signal, bool all);
  /// Waits for the end; nothing when it has not come within `limit`.
  std::optional<int> wait(const ProcessName& process, std::chrono::milliseconds limit);
  void remove(const ProcessName& process);
  void shut_down(const std::string& id);
  void pause(const std::string& id);
  void resume(const std::string& id);
  void update(const std::string& id, const std::string& resources_json);
  [[nodiscard]] kata::sandbox::ProcessesResponse processes(const std::string& id);
  [[nodiscard]] grpc::StatsContainerResponse stats(const std::string& id);
  /// The next event after number `after`, or nothing within `limit`.
  std::optional<SandboxEvent> next_event(const std::string& id, std::uint64_t after,
                                         std::chrono::milliseconds limit);

  /// For the relay, which polls: asks for the end of a process; the answer is taken by
  /// exit_status_if_there().
  void begin_wait(const ProcessName& process);
  /// After poll(2) says that fd() is readable: the exit status when it has come by now. Throws
  /// Error (unavailable when the connection has ended, not_found when the process is unknown).
  std::optional<int> exit_status_if_there();
  /// Sends and does not wait for the answer.
  void post_signal(const ProcessName& process, int signal);
  void post_window_size(const ProcessName& process, unsigned rows, unsigned columns);
  [[nodiscard]] int fd() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace kata::cli
