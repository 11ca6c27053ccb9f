// SPDX-License-Identifier: Apache-2.0
//
// Tells that something in a network namespace has changed; what, is found by looking: reports can
// be lost, and an engine takes several steps for one thing. See rtnetlink(7).
#pragma once

#include "runtime/base/fd.h"

namespace kata::network {

/// A descriptor that becomes readable when an interface, an address or a route of
/// the namespace changes. It does not block. Throws Error.
[[nodiscard]] UniqueFd open_change_monitor(int namespace_fd);

/// Takes all reports that are there; whether there were any, lost ones included. Throws Error.
bool take_changes(int monitor_fd);

}  // namespace kata::network
