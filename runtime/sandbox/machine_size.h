// SPDX-License-Identifier: Apache-2.0
//
// How large a machine must be for a container's limits: when it is started, and when they change.
#pragma once

#include <cstdint>

#include "oci.pb.h"

namespace kata::sandbox {

struct MachineSize {
  std::uint32_t vcpus = 1;
  std::uint32_t memory_mib = 0;
};

/// `base`, the size by the configuration, grown so that a container can fill its limits: as many
/// CPUs as its quota is worth, and its memory on top of what the guest itself uses. No limit makes
/// the machine larger than `host_mib`, the host's own memory: engines write any number for "none".
[[nodiscard]] MachineSize machine_size(const MachineSize& base,
                                       const grpc::LinuxResources& resources,
                                       std::uint64_t host_mib);

/// An update may name the quota or the period alone: the other half stays what it was in `kept`, as
/// in runc.
void complete_cpu_limit(grpc::LinuxResources& update, const grpc::LinuxResources& kept);

}  // namespace kata::sandbox
