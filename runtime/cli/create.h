// SPDX-License-Identifier: Apache-2.0
//
// `create`: a container in its virtual machine, its process not yet started.
#pragma once

#include "runtime/cli/command_line.h"
#include "runtime/cli/create_container.h"

namespace kata::cli {

/// The options that `create` and `run` have in common.
void describe_create_options(Verb& verb, CreateOptions& options);

/// Describes the verb and its options.
void add_create(CommandLine& line);
/// Carries it out; the exit status. Throws Error.
int run_create(const CreateOptions& options, Runtime& runtime);

}  // namespace kata::cli
