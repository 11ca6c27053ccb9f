// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

namespace kata::agent {

/// The address ("0000:01:00.0") of the PCI device to which `path` leads from the root bus, a slot
/// a bus: "02/00" is the device in slot 0 behind the bridge in slot 2. Throws
/// Error(invalid_argument) for what is no such path and Error(not_found) while there is no such
/// device. `root` is where /sys is, a parameter for tests.
[[nodiscard]] std::string find_pci_device(std::string_view path, const std::string& root = "");

}  // namespace kata::agent
