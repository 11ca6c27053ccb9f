// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "runtime/base/command.h"

namespace kata::pipeline {

/// `git -C FOLDER ARGUMENTS`, whoever owns the folder: the tree may belong to another user than the
/// one who builds it.
[[nodiscard]] Command git_command(const std::string& folder,
                                  const std::vector<std::string>& arguments);

}  // namespace kata::pipeline
