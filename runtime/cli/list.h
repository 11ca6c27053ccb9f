// SPDX-License-Identifier: Apache-2.0
//
// `list`: all containers of the state directory.
#pragma once

#include <string>
#include <vector>

#include "runtime/cli/command_line.h"
#include "runtime/cli/status.h"

namespace kata::cli {

struct ListOptions {
  std::string format = "table";
  bool quiet = false;
};

struct ListedContainer {
  ContainerRecord record;
  ContainerStatus status;
};

/// The columns ID PID STATUS BUNDLE CREATED OWNER, as runc prints them.
[[nodiscard]] std::string container_table(const std::vector<ListedContainer>& containers);
/// An array of states; "null" when there are none, as runc.
[[nodiscard]] std::string containers_json(const std::vector<ListedContainer>& containers);

/// Describes the verb and its options.
void add_list(CommandLine& line);
/// Carries it out; the exit status. Throws Error.
int run_list(const ListOptions& options, Runtime& runtime);

}  // namespace kata::cli
