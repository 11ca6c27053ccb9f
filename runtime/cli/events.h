// SPDX-License-Identifier: Apache-2.0
//
// `events`: figures of a container now and then, and when it runs out of memory, as runc prints
// them.
#pragma once

#include <cstdint>
#include <string>

#include "runtime/cli/command_line.h"

namespace kata::cli {

struct EventsOptions {
  std::string id;
  bool stats = false;           ///< one set of figures, and the end
  std::string interval = "5s";  ///< as Go writes durations: 500ms, 5s, 1m
};

/// Describes the verb and its options.
void add_events(CommandLine& line);
/// Carries it out; the exit status. Throws Error.
int run_events(const EventsOptions& options, Runtime& runtime);

}  // namespace kata::cli
