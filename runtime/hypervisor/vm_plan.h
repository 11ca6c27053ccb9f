// SPDX-License-Identifier: Apache-2.0
//
// From configuration and host to a machine: which accelerator, machine type and file sharing it
// will be, and why.
#pragma once

#include <string>
#include <vector>

#include "runtime/config/config.h"
#include "runtime/hypervisor/qemu_probe.h"
#include "runtime/hypervisor/vm_config.h"

namespace kata::hypervisor {

struct VmPlan {
  VmConfig vm{};  ///< without id, networks, disks and the shared folder's path
  /// The choices for `kata-runtime check` and the log: accelerator, machine, file sharing, agent
  /// channel.
  std::vector<Finding> choices{};
};

/// Throws Error (failed_precondition with what to do) when the host cannot run what the
/// configuration asks for: no QEMU, no such machine type, KVM forced where there is none, a kernel
/// or initrd file that is not there.
[[nodiscard]] VmPlan plan_vm(const config::Config& config, const HostProbe& host);

}  // namespace kata::hypervisor
