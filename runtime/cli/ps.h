// SPDX-License-Identifier: Apache-2.0
//
// `ps`: the processes of a container: host pids for engines, the guest's table for people.
#pragma once

#include <string>
#include <vector>

#include "runtime/cli/command_line.h"
#include "runtime/cli/ps_columns.h"
#include "sandbox.pb.h"

namespace kata::cli {

struct PsOptions {
  std::string id;
  std::string format = "table";
  std::vector<std::string> ps_options;  ///< see ps_columns()
};

/// One line for each of the guest's processes. `now` in seconds since the epoch.
[[nodiscard]] std::string process_table(const kata::sandbox::ProcessesResponse& processes,
                                        const std::vector<PsColumn>& columns, std::int64_t now);
/// The pids on the host that stand for the container's processes.
[[nodiscard]] std::string process_json(const kata::sandbox::ProcessesResponse& processes);

/// Describes the verb and its options.
void add_ps(CommandLine& line);
/// Carries it out; the exit status. Throws Error.
int run_ps(const PsOptions& options, Runtime& runtime);

}  // namespace kata::cli
