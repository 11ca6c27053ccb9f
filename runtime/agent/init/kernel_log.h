// SPDX-License-Identifier: Apache-2.0
//
// What the kernel said before there was a console to say it on.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace kata::agent {

/// The microsecond, by the kernel's log, at which the kernel ran the first process; nothing when
/// the log at `path` does not say so, or not any more.
[[nodiscard]] std::optional<std::uint64_t> first_process_time(
    const std::string& path = "/dev/kmsg");

}  // namespace kata::agent
