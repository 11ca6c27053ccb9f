// SPDX-License-Identifier: Apache-2.0
//
// The image stage: plan, pack in the recipe's format, publish with manifest and SBOM.
#pragma once

#include <string>

#include "builder/pipeline/context.h"
#include "builder/pipeline/stage_status.h"
#include "builder/recipe/artifact.h"
#include "builder/recipe/image_recipe.h"
#include "builder/rootfs/base/lock_choice.h"

namespace kata::rootfs {

/// Builds the image and puts it at `output` with its manifest and SBOM beside it, or leaves them
/// when they are up to date. Unprivileged; equal inputs give equal bytes. Throws Error.
recipe::ImageArtifact build_image(const recipe::ImageRecipe& recipe, const std::string& output,
                                  pipeline::Context& context, const LockChoice& choice = {});

/// What build_image would do; changes nothing. Throws Error.
[[nodiscard]] pipeline::StageStatus image_status(const recipe::ImageRecipe& recipe,
                                                 const std::string& output,
                                                 pipeline::Context& context);

}  // namespace kata::rootfs
