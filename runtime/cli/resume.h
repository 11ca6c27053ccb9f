// SPDX-License-Identifier: Apache-2.0
//
// `resume`: lets a paused container go on.
#pragma once

#include <string>

#include "runtime/cli/command_line.h"

namespace kata::cli {

struct ResumeOptions {
  std::string id;
};

/// Describes the verb and its options.
void add_resume(CommandLine& line);
/// Carries it out; the exit status. Throws Error.
int run_resume(const ResumeOptions& options, Runtime& runtime);

}  // namespace kata::cli
