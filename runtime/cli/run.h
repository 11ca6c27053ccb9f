// SPDX-License-Identifier: Apache-2.0
//
// `run`: create, start, stay until the end, delete. With --detach: create and start.
#pragma once

#include "runtime/cli/command_line.h"
#include "runtime/cli/create_container.h"

namespace kata::cli {

struct RunOptions {
  CreateOptions create;
  bool detach = false;
  bool keep = false;
  bool no_subreaper = false;
};

/// Describes the verb and its options.
void add_run(CommandLine& line);
/// Carries it out; the exit status. Throws Error.
int run_run(const RunOptions& options, Runtime& runtime);

}  // namespace kata::cli
