// SPDX-License-Identifier: Apache-2.0
//
// The package stage: a recipe in, signed RPMs in the output folder out.
#pragma once

#include <string>
#include <vector>

#include "builder/pipeline/context.h"
#include "builder/pipeline/stage_status.h"
#include "builder/recipe/artifact.h"
#include "builder/recipe/package_recipe.h"

namespace kata::rpm {

/// Builds and signs what is not up to date, into OUTPUT/RELEASE/{SRPMS,x86_64,noarch}, each
/// with its SBOM, and packages.json and the public key beside. Two calls with equal inputs give
/// equal packages but for their signatures. Everything that can be checked before the first build
/// is. Throws Error.
[[nodiscard]] recipe::PackagesArtifact build_packages(const recipe::PackageRecipe& recipe,
                                                      const std::string& output,
                                                      pipeline::Context& context);

/// What the last build_packages into `output` made. Throws Error.
[[nodiscard]] std::vector<recipe::RpmArtifact> built_packages(const std::string& output);
/// What build_packages would do; no package is built.
[[nodiscard]] pipeline::StageStatus packages_status(const recipe::PackageRecipe& recipe,
                                                    const std::string& output,
                                                    pipeline::Context& context);

}  // namespace kata::rpm
