// SPDX-License-Identifier: Apache-2.0
//
// From a sandbox process's debug log to the phases of a guest's start.
//
// Two clocks are in it. The host's stands before each line; the guest's, "[    0.123456]", is in
// the kernel's and the agent's lines. A line of the guest reaches the log after it was written,
// never before: of all lines, the one that came quickest tells best where the guest's clock began
// on the host's.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace kata::boot {

/// Seconds from the exec of QEMU.
struct Timeline {
  double kernel = 0;     ///< the kernel's clock began
  double init = 0;       ///< the kernel ran the first process
  double agent = 0;      ///< the agent's first instructions
  double ready = 0;      ///< the agent was connected to the host
  double container = 0;  ///< the agent had made the container
};

/// Nothing when the log lacks one of the events; `missing` then says which.
[[nodiscard]] std::optional<Timeline> read_timeline(std::string_view log, std::string& missing);

}  // namespace kata::boot
