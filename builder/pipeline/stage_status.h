// SPDX-License-Identifier: Apache-2.0
//
// What a stage would do if it ran now, for `katabuild build --dry-run`.
#pragma once

#include <string>

namespace kata::pipeline {

struct StageStatus {
  bool up_to_date = false;
  std::string detail;  ///< what is there already, or what has to be made
};

}  // namespace kata::pipeline
