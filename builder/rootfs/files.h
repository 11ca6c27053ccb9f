// SPDX-License-Identifier: Apache-2.0
//
// The recipe's own files.
#pragma once

#include "builder/recipe/image_recipe.h"
#include "builder/rootfs/tree.h"

namespace kata::rootfs {

/// The recipe's own files, over what is there. Throws Error.
void add_files(const recipe::ImageRecipe& recipe, Tree& tree);

}  // namespace kata::rootfs
