// SPDX-License-Identifier: Apache-2.0
//
// The guest's figures in the Prometheus text format, for the host's monitor.
#pragma once

#include <string>

namespace kata::agent {

/// The agent's own process, the guest's memory, processors, load and network, from /proc below
/// `root`. Throws Error.
[[nodiscard]] std::string guest_metrics(const std::string& root = "");

}  // namespace kata::agent
