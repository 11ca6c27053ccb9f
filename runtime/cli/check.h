// SPDX-License-Identifier: Apache-2.0
//
// `check`: whether and how this host can run containers, line by line: what was found, why, and
// what to do.
#pragma once

#include <string>
#include <vector>

#include "runtime/cli/command_line.h"
#include "runtime/hypervisor/qemu_probe.h"

namespace kata::cli {

struct CheckOptions {
  bool verbose = false;
};

/// One block a finding; the last line is the answer.
[[nodiscard]] std::string findings_text(const std::vector<hypervisor::Finding>& findings);
/// What `check --verbose` says beside: one line a difference of oci/differences.h.
[[nodiscard]] std::string differences_text();

/// Describes the verb and its options.
void add_check(CommandLine& line);
/// Carries it out; the exit status. Throws Error.
int run_check(const CheckOptions& options, Runtime& runtime);

}  // namespace kata::cli
