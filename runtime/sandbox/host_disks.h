// SPDX-License-Identifier: Apache-2.0
//
// Devices of the host that config.json names (`docker run --device /dev/sdb`): the machine gets
// each block device as a disk, whose number in the guest takes the place of the host's; character
// devices are the guest's own.
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
/// `root` is where /sys and /dev are, a parameter for tests.
[[nodiscard]] std::vector<HostDisk> host_disks(const grpc::Spec& spec,
                                               const std::string& root = "");

/// Tells the guest which character devices the host has: one that the guest's kernel lacks would be
/// a node that leads nowhere.
void mark_host_devices(grpc::Spec& spec, const std::string& root = "");

}  // namespace kata::sandbox
