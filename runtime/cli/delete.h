// SPDX-License-Identifier: Apache-2.0
//
// `delete`: removes a container that has stopped; with --force, any.
#pragma once

#include <string>

#include "runtime/cli/command_line.h"

namespace kata::cli {

struct DeleteOptions {
  std::string id;
  bool force = false;
};

/// Describes the verb and its options.
void add_delete(CommandLine& line);
/// Carries it out; the exit status. Throws Error.
int run_delete(const DeleteOptions& options, Runtime& runtime);

}  // namespace kata::cli
