// SPDX-License-Identifier: Apache-2.0
//
// Modules that the host wants in the guest's kernel, for kernels that have not all built in.
#pragma once

#include <string>
#include <vector>

#include "runtime/base/command.h"

namespace kata::agent {

/// Loads a module and what it depends on, with its parameters, by the image's modprobe. Throws
/// Error(invalid_argument) for a name that is none and Error(failed_precondition) when the image
/// has no modprobe.
void load_kernel_module(const std::string& name, const std::vector<std::string>& parameters,
                        CommandRunner& runner);

}  // namespace kata::agent
