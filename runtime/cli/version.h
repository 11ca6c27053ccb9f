// SPDX-License-Identifier: Apache-2.0
//
// `version`, and --version: the first line is what engines parse.
#pragma once

#include <string>

#include "runtime/cli/command_line.h"

namespace kata::cli {

/// "kata-runtime version X", then the specification's.
[[nodiscard]] std::string version_text();

/// Describes the verb and its options.
void add_version(CommandLine& line);
/// Carries it out; the exit status. Throws Error.
int run_version(Runtime& runtime);

}  // namespace kata::cli
