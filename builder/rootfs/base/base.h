// SPDX-License-Identifier: Apache-2.0
//
// What an image starts from: nothing, a folder, a tar file, packages, or somebody's image.
#pragma once

#include <string>

#include "builder/pipeline/context.h"
#include "builder/recipe/image_recipe.h"
#include "builder/rootfs/base/base_tree.h"
#include "builder/rootfs/base/lock_choice.h"

namespace kata::rootfs {

/// The recipe's base, with the folders and the console device added that any first process needs.
/// What it needs on disk is in the cache or below `work`. Throws Error.
[[nodiscard]] Base read_base(const recipe::ImageRecipe& recipe, const std::string& work,
                             pipeline::Context& context, const LockChoice& choice = {});

}  // namespace kata::rootfs
