// SPDX-License-Identifier: Apache-2.0
//
// Limits of config.json that are about the host: which of its processors the machine may use, and
// how fast its disks. They are set on the machine's cgroup; all others hold in the guest.
#pragma once

#include <cstdint>

#include "oci.pb.h"
#include "runtime/sandbox/host_cgroup.h"

namespace kata::sandbox {

/// cgroup v1's weight of block I/O, 10..1000, as that of v2, 1..10000.
[[nodiscard]] std::uint64_t io_weight(std::uint64_t weight);

/// Throws Error when the host refuses a value; a controller that it lacks is a warning in the log.
void apply_host_limits(const HostCgroup& cgroup, const grpc::LinuxResources& resources);

}  // namespace kata::sandbox
