// SPDX-License-Identifier: Apache-2.0
//
// `spec`: writes a config.json to start from.
#pragma once

#include <string>

#include "runtime/cli/command_line.h"

namespace kata::cli {

struct SpecOptions {
  std::string bundle;  ///< empty: the current folder
  bool rootless = false;
};

/// Describes the verb and its options.
void add_spec(CommandLine& line);
/// Carries it out; the exit status. Throws Error.
int run_spec(const SpecOptions& options, Runtime& runtime);

}  // namespace kata::cli
