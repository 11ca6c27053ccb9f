// SPDX-License-Identifier: Apache-2.0
//
// `katabuild verify --rebuild`: the same build once more, somewhere else, compared.
#pragma once

#include <string>

#include "builder/build/compare.h"
#include "builder/build/stages.h"
#include "builder/pipeline/context.h"
#include "builder/pipeline/progress.h"
#include "builder/recipe/build_recipe.h"

namespace kata::build {

/// Builds `recipe` again, of a copy of its source tree, with an empty cache (but for the finished
/// kernel when `keep_kernel`), into a temporary folder below `scratch`, and compares with
/// `options.output`. Everything temporary is removed. Throws Error when the build fails.
[[nodiscard]] Comparison rebuild_and_compare(const recipe::BuildRecipe& recipe,
                                             const BuildOptions& options, bool keep_kernel,
                                             const std::string& scratch,
                                             pipeline::ProgressBoard& board,
                                             pipeline::Context& context);

}  // namespace kata::build
