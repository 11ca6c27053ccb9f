// SPDX-License-Identifier: Apache-2.0
//
// `katabuild image --explain PATH`: the plan is made, and asked; no image is packed.
#pragma once

#include <string>

#include "builder/pipeline/context.h"
#include "builder/recipe/image_recipe.h"
#include "builder/rootfs/base/lock_choice.h"

namespace kata::rootfs {

/// Why `path` would be in the recipe's image, or why not, in a few lines. Throws Error for whatever
/// keeps the image from being built, and for a path that is not absolute. Nothing is written but
/// into the cache, no lock file either.
[[nodiscard]] std::string explain_image(const recipe::ImageRecipe& recipe, const std::string& path,
                                        pipeline::Context& context, const LockChoice& choice = {});

}  // namespace kata::rootfs
