// SPDX-License-Identifier: Apache-2.0
//
// What of the engine's containers is on the host at a moment: processes, mounts, cgroups, taps,
// state folders. A case takes one before and compares after, so that "nothing is left" is seen, not
// believed.
#pragma once

#include <sys/types.h>

#include <set>
#include <string>
#include <vector>

#include "tests/support/docker.h"
#include "tests/support/podman.h"

namespace kata::test {

/// One line per thing, e.g. "process qemu-system-x86 123", "mount /run/...", "cgroup /sys/fs/...".
[[nodiscard]] std::set<std::string> host_state(const Docker& docker);
[[nodiscard]] std::set<std::string> host_state(const Podman& podman);
/// What is in `after` and not in `before`; an empty text when all is as it was. Waits up to ten
/// seconds for that.
[[nodiscard]] std::string left_behind(const Docker& docker, const std::set<std::string>& before);
[[nodiscard]] std::string left_behind(const Podman& podman, const std::set<std::string>& before);
/// Pids of processes that belong to the engine and whose program's name begins with `name`.
[[nodiscard]] std::vector<pid_t> engine_processes(const Docker& docker, std::string_view name);
[[nodiscard]] std::vector<pid_t> engine_processes(const Podman& podman, std::string_view name);

}  // namespace kata::test
