// SPDX-License-Identifier: Apache-2.0
//
// A host within a virtual machine: a privileged container that has this machine's programs.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "runtime/base/command.h"
#include "tests/support/docker.h"

namespace kata::test {

/// Runs the Bash script there as root, -e set, in a cgroup tree whose root holds no process, as a
/// host's init leaves it. `arguments` go to `docker run`; `files` (name and text) are in /nested,
/// beside `root`, a container's root with busybox.
[[nodiscard]] CommandResult run_on_inner_host(
    Docker& docker, const std::string& script, std::vector<std::string> arguments = {},
    const std::vector<std::pair<std::string, std::string>>& files = {});

}  // namespace kata::test
