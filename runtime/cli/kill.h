// SPDX-License-Identifier: Apache-2.0
//
// `kill`: sends a signal to a container.
#pragma once

#include <string>

#include "runtime/cli/command_line.h"

namespace kata::cli {

struct KillOptions {
  std::string id;
  std::string signal = "SIGTERM";
  bool all = false;
};

/// Describes the verb and its options.
void add_kill(CommandLine& line);
/// Carries it out; the exit status. Throws Error.
int run_kill(const KillOptions& options, Runtime& runtime);

}  // namespace kata::cli
