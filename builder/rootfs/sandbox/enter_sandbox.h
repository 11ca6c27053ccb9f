// SPDX-License-Identifier: Apache-2.0
//
// The process that a sandbox is: katabuild itself, started again, because a process that makes
// namespaces must have one thread only.
#pragma once

#include "builder/rootfs/sandbox/sandbox_plan.h"

namespace kata::rootfs {

/// Makes the namespaces, runs the plan's steps in them, their output on descriptor 2, and prints
/// {"failed": NUMBER, "status": STATUS} or {} on standard output. All that was started in it ends
/// with this process, however that ends. Throws Error when the sandbox cannot be made.
void enter_sandbox(const SandboxPlan& plan);

}  // namespace kata::rootfs
