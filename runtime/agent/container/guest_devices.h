// SPDX-License-Identifier: Apache-2.0
//
// Devices of a container are those of the guest's kernel: config.json names some that every kernel
// has, disks that the host has given to the machine, and for a privileged container all that the
// host has.
#pragma once

#include <sys/types.h>

#include <string>

namespace grpc {
class Spec;
}  // namespace grpc

namespace kata::agent {

/// Gives the device at `path`, and what the rules say of it, the number that it has in the guest.
void renumber_device(grpc::Spec& spec, const std::string& path, dev_t number);

/// Checks that the guest has each device that the host has. A container that may use every device
/// gets those of the guest in place of the listed ones. `root` is where /sys and /dev are, a
/// parameter for tests. Throws Error(unimplemented) that names the device.
void settle_devices(grpc::Spec& spec, const std::string& root = "");

}  // namespace kata::agent
