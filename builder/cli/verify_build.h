// SPDX-License-Identifier: Apache-2.0
//
// The parts of `katabuild verify` that compare builds.
#pragma once

#include <string>

#include "builder/cli/session.h"

namespace kata::cli {

struct RebuildRequest {
  bool rebuild = false;
  bool keep_kernel = false;
  std::string against;  ///< another build's output; empty: none
  std::string recipe;   ///< empty: the one in the build's report
  std::string scratch = "/var/tmp";
  SessionOptions session;
};

/// Builds what is in `output` again, or takes `against`, compares, and prints what differs; 0 when
/// nothing does, else 1. Throws Error.
int run_verify_build(const std::string& output, const RebuildRequest& request);

}  // namespace kata::cli
