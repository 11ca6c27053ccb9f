// SPDX-License-Identifier: Apache-2.0
//
// `pause`: freezes all processes of a container.
#pragma once

#include <string>

#include "runtime/cli/command_line.h"

namespace kata::cli {

struct PauseOptions {
  std::string id;
};

/// Describes the verb and its options.
void add_pause(CommandLine& line);
/// Carries it out; the exit status. Throws Error.
int run_pause(const PauseOptions& options, Runtime& runtime);

}  // namespace kata::cli
