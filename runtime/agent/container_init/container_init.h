// SPDX-License-Identifier: Apache-2.0
//
// The child's side of starting a container process: the agent executes itself with the argument
// below, and this program turns itself, step by step, into the container's process. It runs the
// agent's own file, no copy in memory: PID 1 runs the same file for as long as the guest lives, so
// the kernel refuses to open it for writing (ETXTBSY).
#pragma once

namespace kata::agent {

/// argv[1] under which the agent executes itself.
inline constexpr char kContainerInitName[] = "container-init";

/// Whether this program was started to become a container's process: ask before anything else in
/// main().
[[nodiscard]] bool is_container_init(int argc, char** argv) noexcept;

/// Never returns to the agent's own start: execve(2) replaces it, or the error goes to the agent
/// and the result is the exit status (127 program not found, 126 not executable, 1 anything else).
int container_init_main(int argc, char** argv);

}  // namespace kata::agent
