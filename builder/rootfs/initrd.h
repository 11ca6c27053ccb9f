// SPDX-License-Identifier: Apache-2.0
//
// The image stage for `format: initrd`. Disk images will be a second stage beside it that takes the
// same Tree.
#pragma once

#include <string>

#include "builder/pipeline/context.h"
#include "builder/pipeline/stage_status.h"
#include "builder/recipe/artifact.h"
#include "builder/recipe/recipe.h"

namespace kata::rootfs {

/// Builds the initrd and puts it at `output` with its manifest and SBOM beside it, or leaves them
/// when they are up to date. Unprivileged; equal inputs give equal bytes. Throws Error.
recipe::ImageArtifact build_initrd(const recipe::ImageRecipe& recipe, const std::string& output,
                                   pipeline::Context& context);

/// What build_initrd would do; changes nothing. Throws Error.
[[nodiscard]] pipeline::StageStatus initrd_status(const recipe::ImageRecipe& recipe,
                                                  const std::string& output,
                                                  pipeline::Context& context);

}  // namespace kata::rootfs
