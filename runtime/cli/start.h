// SPDX-License-Identifier: Apache-2.0
//
// `start`: runs the process of a created container.
#pragma once

#include <string>

#include "runtime/cli/command_line.h"

namespace kata::cli {

struct StartOptions {
  std::string id;
};

/// Describes the verb and its options.
void add_start(CommandLine& line);
/// Carries it out; the exit status. Throws Error.
int run_start(const StartOptions& options, Runtime& runtime);

}  // namespace kata::cli
