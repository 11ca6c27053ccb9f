// SPDX-License-Identifier: Apache-2.0
//
// The runtime's programs and the agent, compiled by their own CMake files in a build folder of the
// cache: ninja knows what has to be compiled again, the compiler cache what it has seen before.
#pragma once

#include <string>
#include <vector>

#include "builder/pipeline/context.h"
#include "builder/pipeline/stage_status.h"
#include "builder/recipe/artifact.h"
#include "builder/recipe/component.h"

namespace kata::programs {

constexpr const char* kManifestName = "programs.json";

/// Compiles kata-runtime, containerd-shim-kata-v2 and kata-agent of the project's tree in `source`,
/// statically, and puts them into `output` with programs.json. The same source gives the same
/// bytes, whatever the folders are called. Throws Error with the compiler's message.
[[nodiscard]] recipe::ProgramsArtifact compile_programs(const std::string& source,
                                                        const std::string& output,
                                                        pipeline::Context& context);
/// What compile_programs would do; changes nothing.
[[nodiscard]] pipeline::StageStatus programs_status(const std::string& source,
                                                    const std::string& output,
                                                    pipeline::Context& context);

}  // namespace kata::programs
