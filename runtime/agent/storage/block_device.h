// SPDX-License-Identifier: Apache-2.0
//
// Finding the guest's device file of a disk that the host names in its own terms.
#pragma once

#include <string>

namespace kata::agent {

/// "/dev/vdb" stays; "02/03" (slots of the bridge and of the device) and "serial:TEXT" are looked
/// up in /sys; `root` stands before /sys and /dev in tests. Throws Error(not_found) when there is
/// no such disk, invalid_argument for a text that cannot be.
[[nodiscard]] std::string find_block_device(const std::string& source,
                                            const std::string& root = "");

}  // namespace kata::agent
