// SPDX-License-Identifier: Apache-2.0
//
// One container of a sandbox as the host keeps it.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "runtime/oci/bundle.h"
#include "runtime/sandbox/host_disks.h"
#include "runtime/sandbox/process.h"

namespace kata::sandbox {

struct Container {
  std::string id;
  oci::Bundle bundle;
  bool is_created = false;  ///< the guest has it, and it can be started
  bool paused = false;
  bool ran_out_of_memory = false;  ///< at least once, as the guest says
  bool mounted_rootfs = false;  ///< we mounted it (containerd hands over mounts), so we unmount it
  std::vector<HostDisk> disks;  ///< the machine's, for it
  std::vector<hypervisor::PciDevice> pci_devices;  ///< the machine's, for it
  std::shared_ptr<Process> init;
  std::map<std::string, std::shared_ptr<Process>> execs;

  /// The init for an empty id, else the exec; nullptr when there is none.
  [[nodiscard]] std::shared_ptr<Process> find(const std::string& exec_id) const {
    if (exec_id.empty()) return init;
    const auto it = execs.find(exec_id);
    return it == execs.end() ? nullptr : it->second;
  }
};

}  // namespace kata::sandbox
