// SPDX-License-Identifier: Apache-2.0
//
// Block devices of the host that config.json gives to a container (`docker run --device /dev/sdb`):
// the machine gets each as a disk, and the guest's number takes the place of the host's.
#pragma once

#include <string>
#include <vector>

#include "oci.pb.h"
#include "runtime/hypervisor/vm_config.h"

namespace kata::sandbox {

struct HostDisk {
  std::string container_path{};  ///< where the container has it
  hypervisor::BlockDevice disk{};
};

/// The disks for the block devices of `linux.devices`, without ids. A container that may use every
/// device (--privileged) gets none of the host's: its config.json lists all that the host has.
/// `root` is where /sys and /dev are, a parameter for tests. Throws Error when one is not there.
[[nodiscard]] std::vector<HostDisk> host_disks(const grpc::Spec& spec,
                                               const std::string& root = "");

}  // namespace kata::sandbox
