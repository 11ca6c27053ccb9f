// SPDX-License-Identifier: Apache-2.0
//
// What a recipe adds to its base, as a list of steps.
#pragma once

#include <string>

#include "builder/pipeline/context.h"
#include "builder/recipe/image_recipe.h"
#include "builder/rootfs/tree.h"

namespace kata::rootfs {

/// Overlays, users and groups, files, kernel modules, guest hooks, then attributes of all that is
/// there. Files that are made on the way are below `work`. Throws Error.
void shape_tree(const recipe::ImageRecipe& recipe, const std::string& work, Tree& tree,
                pipeline::Context& context);

}  // namespace kata::rootfs
