// SPDX-License-Identifier: Apache-2.0
//
// A recipe's users and groups in the image's own lists: /etc/passwd, group, shadow, and gshadow
// where the base has one.
#pragma once

#include "builder/recipe/image_recipe.h"
#include "builder/rootfs/tree.h"

namespace kata::rootfs {

/// Adds them. One that is there with the same ids gets the recipe's fields; a new user's group is
/// made when no group has its id; new passwords are locked. Throws Error(invalid_argument), naming
/// both, when a name or an id belongs to another.
void add_accounts(const recipe::ImageRecipe& recipe, Tree& tree);

}  // namespace kata::rootfs
