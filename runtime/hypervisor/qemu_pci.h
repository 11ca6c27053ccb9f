// SPDX-License-Identifier: Apache-2.0
//
// Where a device is on a machine's PCI buses, by QEMU's answer to query-pci.
#pragma once

#include <string>

#include "runtime/base/json.h"

namespace kata::hypervisor {

/// The slots that lead from the root bus to the device with this id of QEMU's, as the agent's
/// protocol writes them: "03" on the root bus, "02/00" behind the bridge in slot 2. Throws
/// Error(not_found), and Error(data_loss) for an answer of another shape.
[[nodiscard]] std::string pci_path_of(const Json& buses, const std::string& device);

}  // namespace kata::hypervisor
