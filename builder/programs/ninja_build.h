// SPDX-License-Identifier: Apache-2.0
//
// A build folder of CMake and ninja: configure, build, ask what was read.
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "builder/pipeline/context.h"

namespace kata::programs {

struct NinjaBuild {
  std::string source;
  std::string folder;
  std::vector<std::string> targets;  ///< as CMake calls them
};

/// Runs CMake with the tree's `release` preset, unless that was done. Throws Error.
void configure(const NinjaBuild& build, pipeline::Context& context);
/// Compiles; whether there was anything to do. Throws Error with the compiler's message.
bool compile(const NinjaBuild& build, pipeline::Context& context);
/// How many steps compile() would take; nothing is done. Throws Error.
[[nodiscard]] std::uint64_t steps_to_do(const NinjaBuild& build, pipeline::Context& context);
/// The files outside of source and build folder that went into the program `path` (relative to the
/// folder): headers of the system. Throws Error.
[[nodiscard]] std::set<std::string> system_files_of(const NinjaBuild& build,
                                                    const std::string& path,
                                                    pipeline::Context& context);
/// "[12/300] Building CXX object x" is step 12 of 300; {0, 0}: the line is something else.
[[nodiscard]] std::pair<std::uint64_t, std::uint64_t> ninja_step(std::string_view line);

}  // namespace kata::programs
