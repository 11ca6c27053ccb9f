// SPDX-License-Identifier: Apache-2.0
//
// A tar file as what an image starts from.
#pragma once

#include <string>

#include "builder/recipe/image_recipe.h"
#include "builder/rootfs/tree.h"

namespace kata::rootfs {

/// Adds the entries of the recipe's tar; contents are spooled below `work`. Throws Error for a
/// hostile or damaged one.
void read_tar_base(const recipe::ImageRecipe& recipe, const std::string& work, Tree& tree);

}  // namespace kata::rootfs
