// SPDX-License-Identifier: Apache-2.0
//
// The cgroup of a sandbox as a scope of systemd, for engines with the cgroup driver "systemd": a
// cgroup that systemd does not know is nobody's, and it takes controllers away from it whenever it
// arranges its own. See org.freedesktop.systemd1(5) and "Delegation" in systemd's
// CGROUP_DELEGATION.md.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

#include "oci.pb.h"
#include "runtime/sandbox/host_cgroup.h"

namespace kata::sandbox {

/// The socket of the bus on which systemd can be asked: the system's, or the user's for a user
/// without root. Nothing when systemd is not the init here (sd_booted(3)) or there is no bus.
[[nodiscard]] std::optional<std::string> systemd_bus();

/// Makes the scope with the processes in it, its cgroup delegated, and waits until systemd is done.
/// A failed scope of that name makes room. Returns the cgroup's path below the hierarchies. Throws
/// Error. `proc` is a parameter for tests.
std::string start_scope(const std::string& bus, const SystemdScope& scope,
                        const std::vector<pid_t>& pids, const std::string& proc = "/proc");

/// Tells systemd the limits that are set on the scope's cgroup (host_limits.h), so that they are
/// still there after it wrote its own; what this version of it has no word for is left out.
void tell_limits(const std::string& bus, const SystemdScope& scope,
                 const grpc::LinuxResources& resources) noexcept;

}  // namespace kata::sandbox
