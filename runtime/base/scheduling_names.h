// SPDX-License-Identifier: Apache-2.0
//
// Names that config.json has for what sched_setattr(2) and ioprio_set(2) call by number.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>

namespace kata {

using NumberedName = std::pair<std::string_view, std::uint32_t>;

inline constexpr std::array<NumberedName, 7> kSchedulerPolicies = {{
    {"SCHED_OTHER", 0},
    {"SCHED_FIFO", 1},
    {"SCHED_RR", 2},
    {"SCHED_BATCH", 3},
    {"SCHED_ISO", 4},
    {"SCHED_IDLE", 5},
    {"SCHED_DEADLINE", 6},
}};

inline constexpr std::array<NumberedName, 7> kSchedulerFlags = {{
    {"SCHED_FLAG_RESET_ON_FORK", 0x01},
    {"SCHED_FLAG_RECLAIM", 0x02},
    {"SCHED_FLAG_DL_OVERRUN", 0x04},
    {"SCHED_FLAG_KEEP_POLICY", 0x08},
    {"SCHED_FLAG_KEEP_PARAMS", 0x10},
    {"SCHED_FLAG_UTIL_CLAMP_MIN", 0x20},
    {"SCHED_FLAG_UTIL_CLAMP_MAX", 0x40},
}};

inline constexpr std::array<NumberedName, 3> kIoPriorityClasses = {{
    {"IOPRIO_CLASS_RT", 1},
    {"IOPRIO_CLASS_BE", 2},
    {"IOPRIO_CLASS_IDLE", 3},
}};

/// The number of a name in one of the tables above, if it is there.
template <typename Table>
[[nodiscard]] constexpr std::optional<std::uint32_t> number_of(const Table& table,
                                                               std::string_view name) {
  for (const auto& [known, number] : table) {
    if (known == name) return number;
  }
  return std::nullopt;
}

}  // namespace kata
