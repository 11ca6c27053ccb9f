// SPDX-License-Identifier: Apache-2.0
//
// `state`: what a container is doing, as the JSON that engines read.
#pragma once

#include <string>

#include "runtime/cli/command_line.h"
#include "runtime/cli/status.h"

namespace kata::cli {

struct StateOptions {
  std::string id;
};

/// The specification's state with runc's additions: rootfs, created, owner; pid is 0 when stopped.
[[nodiscard]] std::string container_state_json(const ContainerRecord& record,
                                               const ContainerStatus& status, int indent);

/// Describes the verb and its options.
void add_state(CommandLine& line);
/// Carries it out; the exit status. Throws Error.
int run_state(const StateOptions& options, Runtime& runtime);

}  // namespace kata::cli
