// SPDX-License-Identifier: Apache-2.0
//
// The recipe's own commands, run in the image's root file system.
#pragma once

#include "builder/pipeline/context.h"
#include "builder/recipe/image_recipe.h"
#include "builder/rootfs/tree.h"

namespace kata::rootfs {

/// Runs the recipe's commands in the tree, in a sandbox without a network, and takes over what they
/// changed; the result is cached by tree and commands. Nodes that they left as they were keep their
/// origin. Throws Error with a command's output when it fails.
void run_commands(const recipe::ImageRecipe& recipe, Tree& tree, pipeline::Context& context);

}  // namespace kata::rootfs
