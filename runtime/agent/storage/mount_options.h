// SPDX-License-Identifier: Apache-2.0
//
// Mount options as text, as in fstab(5), to the flags and the data of mount(2).
#pragma once

#include <string>
#include <vector>

namespace kata::agent {

struct MountOptions {
  unsigned long flags = 0;  ///< MS_*
  std::string data;         ///< what the file system itself reads, comma separated
};

/// Words that mount(8) knows become flags, anything else is data. Throws Error(invalid_argument)
/// beyond 4 KiB of data, which mount(2) would cut off.
[[nodiscard]] MountOptions parse_mount_options(const std::vector<std::string>& options);

}  // namespace kata::agent
