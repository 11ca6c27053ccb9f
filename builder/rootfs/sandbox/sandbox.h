// SPDX-License-Identifier: Apache-2.0
//
// Running programs as root of a user namespace: package managers, and a recipe's own commands.
// Nothing of the builder can be written to but the folders that are named, whoever calls; without
// the network unless it is asked for.
#pragma once

#include <string>
#include <vector>

#include "builder/pipeline/context.h"
#include "builder/rootfs/sandbox/sandbox_plan.h"

namespace kata::rootfs {

struct SandboxResult {
  int failed = -1;     ///< the step that failed; -1: none
  int status = 0;      ///< its exit status, as a shell tells it
  std::string output;  ///< of all steps, both their streams
};

/// A plan with this process's ids, room for `size` bytes and no steps yet. Throws Error when a user
/// namespace cannot be had, with what to do.
[[nodiscard]] SandboxPlan new_sandbox_plan(std::uint64_t size);
/// Runs the steps until one fails. Folders to be written to are given to the sandbox's root. Throws
/// Error when there can be no sandbox.
[[nodiscard]] SandboxResult run_sandbox(const SandboxPlan& plan, pipeline::Context& context);
/// As above; throws Error with `what` and the last lines of the output when a step fails.
void run_sandbox_checked(const SandboxPlan& plan, const std::string& what,
                         pipeline::Context& context);
/// The last lines of an output, for a message; "" of none.
[[nodiscard]] std::string output_end(const std::string& output);
/// The whole environment of a program in a sandbox; equal for every builder.
[[nodiscard]] std::vector<std::string> sandbox_environment(std::int64_t timestamp);

}  // namespace kata::rootfs
