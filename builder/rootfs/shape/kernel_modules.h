// SPDX-License-Identifier: Apache-2.0
//
// Kernel modules in an image, for a kernel that has not all built in.
#pragma once

#include <string>

#include "builder/recipe/image_recipe.h"
#include "builder/rootfs/tree.h"
#include "runtime/base/command.h"

namespace kata::rootfs {

/// Puts the recipe's folder of modules at /lib/modules/VERSION, links to the kernel's build folders
/// left out. An index that is there must name files that are there; without one, depmod makes it
/// below `work`. Throws Error for a folder without modules, and for an index that is wrong.
void add_kernel_modules(const recipe::ImageRecipe& recipe, const std::string& work, Tree& tree,
                        CommandRunner& runner);

}  // namespace kata::rootfs
