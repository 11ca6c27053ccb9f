// SPDX-License-Identifier: Apache-2.0
//
// The options of a mount of config.json, sorted into flags, propagation and data for the file
// system.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace kata::agent {

struct MountOptions {
  unsigned long flags = 0;  ///< MS_*
  std::vector<unsigned long>
      propagation;                  ///< MS_SHARED, ... each its own mount(2) call, in this order
  std::uint64_t recursive_set = 0;  ///< MOUNT_ATTR_* of "rro", "rnosuid", ...
  std::uint64_t recursive_clear = 0;
  std::string data;      ///< what is no option of ours, joined by commas
  bool copy_up = false;  ///< "tmpcopyup": the tmpfs starts with what it covers
};

/// Throws Error: unimplemented for idmap and ridmap.
[[nodiscard]] MountOptions parse_mount_options(std::span<const std::string> options);
/// "private", "rslave", ... -> MS_* flags; 0 for "". Throws Error(invalid_argument).
[[nodiscard]] unsigned long propagation_from_name(const std::string& name);

}  // namespace kata::agent
