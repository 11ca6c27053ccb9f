// SPDX-License-Identifier: Apache-2.0
//
// What the host tells the agent before it can talk to it: words of the kernel command line that
// start with "agent.". Unknown ones are ignored, since an upstream runtime passes more of them.
#pragma once

#include <cstddef>
#include <string_view>

#include "runtime/base/log.h"

namespace kata::agent {

struct KernelParameters {
  log::Level log = log::Level::info;  ///< agent.log=debug
  std::size_t pipe_size = 1U << 20;   ///< agent.container_pipe_size=BYTES
  bool power_off_by_reboot =
      false;                   ///< agent.poweroff=reboot: machines without ACPI end by a reset
  bool debug_console = false;  ///< agent.debug_console: a shell behind a serial port of its own
  bool vsock_only = false;     ///< agent.transport=vsock: do not look for the serial port
};

/// Reads /proc/cmdline's text. A value that cannot be is ignored with a warning: the guest must
/// come up to say why.
[[nodiscard]] KernelParameters parse_kernel_parameters(std::string_view command_line);

}  // namespace kata::agent
