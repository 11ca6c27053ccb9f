// SPDX-License-Identifier: Apache-2.0
//
// VmConfig to QEMU's command line: a pure function, so that a test can read what will be run.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "runtime/hypervisor/vm_config.h"

namespace kata::hypervisor {

/// The virtio-serial port by which the agent is reached; its name is upstream's.
inline constexpr const char* kAgentPortName = "agent.channel.0";

/// The port behind which the agent starts a shell.
inline constexpr const char* kDebugPortName = "agent.debug.0";

/// QEMU's ends of the sockets that the runtime holds. Borrowed for the call.
struct Channels {
  int qmp = -1;
  int console = -1;
  int agent = -1;          ///< virtio-serial; -1: vsock
  int virtiofs = -1;       ///< connected to virtiofsd
  int debug_console = -1;  ///< listening; -1: there is none
  int vhost_vsock = -1;
  // The guest's memory with the kernel in it and the file that enters that; -1: QEMU loads it.
  int memory = -1;
  int kernel_entry = -1;
};

struct QemuCommandLine {
  std::vector<std::string> argv{};
  std::vector<std::pair<int, int>>
      fds{};  ///< {number in QEMU, descriptor here}, sorted: as Command::fds
};

[[nodiscard]] QemuCommandLine build_command_line(const VmConfig& vm, const Channels& channels);

/// The guest's kernel command line: ours first, then the user's; of two with the same name the last
/// one stays.
[[nodiscard]] std::string kernel_command_line(const VmConfig& vm);

}  // namespace kata::hypervisor
