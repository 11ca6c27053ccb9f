// SPDX-License-Identifier: Apache-2.0
//
// The relay: the host process that engines take for a container's process. Its pid is in the pid
// file; it holds namespaces and file systems that stand for the container's, passes signals and
// window sizes on, and exits with the container's status. It is this same program, started again
// with the container's own argument vector, so that `docker top` shows the container's command.
#pragma once

#include <string>
#include <vector>

#include "runtime/base/command.h"
#include "runtime/base/fd.h"
#include "runtime/cli/relay_namespaces.h"
#include "runtime/cli/shim_client.h"

namespace kata::cli {

struct RelayOptions {
  ProcessName process;
  std::string sandbox_dir;
  std::vector<std::string> args;  ///< what ps shows
  int terminal = -1;              ///< a pty's slave that becomes its controlling terminal; -1: none
  /// Those to be in, a new network with loopback up; the caller's for what is not listed.
  std::vector<RelayNamespace> namespaces;
  std::string bundle;  ///< whose file systems it is to show; empty: it stays in the caller's
};

class Relay {
 public:
  Relay() = default;
  Relay(ChildProcess child, UniqueFd control)
      : child_(std::move(child)), control_(std::move(control)) {}

  [[nodiscard]] pid_t pid() const noexcept { return child_.pid(); }
  /// Lets it go to work: connect to the sandbox process, take on the container's file systems and
  /// wait for the container. Until then it waits, and ends when this object does. Throws Error with
  /// its words when it cannot.
  void release();
  /// Where start_relay() writes what the relay has to know.
  [[nodiscard]] int control_fd() const noexcept { return control_.get(); }
  /// The child itself, to be waited for or detached.
  [[nodiscard]] ChildProcess& child() noexcept { return child_; }

 private:
  ChildProcess child_;
  UniqueFd control_;
};

/// Starts a relay. Throws Error, e.g. when the network namespace is gone.
[[nodiscard]] Relay start_relay(const RelayOptions& options);

/// Whether this very process was started as a relay: main() asks first.
[[nodiscard]] bool is_relay();
/// The relay's own main program; the exit status.
int relay_main() noexcept;

}  // namespace kata::cli
