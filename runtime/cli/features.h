// SPDX-License-Identifier: Apache-2.0
//
// `features`: what this runtime can do, as the specification's features.md has it.
#pragma once

#include <string>

#include "runtime/cli/command_line.h"

namespace kata::cli {

/// The features structure as JSON.
[[nodiscard]] std::string features_json();

/// Describes the verb and its options.
void add_features(CommandLine& line);
/// Carries it out; the exit status. Throws Error.
int run_features(Runtime& runtime);

}  // namespace kata::cli
