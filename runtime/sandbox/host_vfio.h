// SPDX-License-Identifier: Apache-2.0
//
// PCI devices of the host for a container (`docker run --device /dev/vfio/12`): an IOMMU group is
// handed to QEMU whole, since nothing separates the devices of one from each other.
#pragma once

#include <string>
#include <vector>

#include "oci.pb.h"
#include "runtime/hypervisor/vm_config.h"

namespace kata::sandbox {

/// The functions of every IOMMU group that `linux.devices` names, without ids, in the order of
/// their addresses; bridges stay with the host. A container that may use every device
/// (--privileged) gets none. Throws Error(failed_precondition) that says what to do when the host
/// has no such group, or when a device of it is not bound to vfio-pci. `root` is where /sys is, a
/// parameter for tests.
[[nodiscard]] std::vector<hypervisor::PciDevice> vfio_devices(const grpc::Spec& spec,
                                                              const std::string& root = "");

/// Takes /dev/vfio/... out of the spec for the guest, where the devices are its kernel's own.
void remove_vfio_devices(grpc::Spec& spec, const std::string& root = "");

}  // namespace kata::sandbox
