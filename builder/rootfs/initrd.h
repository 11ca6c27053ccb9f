// SPDX-License-Identifier: Apache-2.0
//
// The image stage for `format: initrd`. Disk images will be a second stage beside it that takes the
// same Tree.
#pragma once

#include <string>

#include "builder/pipeline/context.h"
#include "builder/recipe/artifact.h"
#include "builder/recipe/recipe.h"

namespace kata::rootfs {

/// Builds the initrd and puts it at `output` with its manifest beside it, or leaves both when they
/// are up to date. Unprivileged; equal inputs give equal bytes. Throws Error.
recipe::ImageArtifact build_initrd(const recipe::ImageRecipe& recipe, const std::string& output,
                                   pipeline::Context& context);

}  // namespace kata::rootfs
