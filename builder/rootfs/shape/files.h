// SPDX-License-Identifier: Apache-2.0
//
// What a recipe lays over its base: folders of the builder, single files, and the owners, modes and
// attributes that a folder under version control cannot say.
#pragma once

#include "builder/recipe/image_recipe.h"
#include "builder/rootfs/tree.h"

namespace kata::rootfs {

/// The folders of `overlay`, in order. Of the builder come names, contents, links and whether a
/// file may be run, nothing else: two checkouts give the same image. A folder that is there already
/// keeps its owner and mode. Throws Error.
void add_overlays(const recipe::ImageRecipe& recipe, Tree& tree);

/// The entries of `files`, in order, over what is there. Throws Error.
void add_files(const recipe::ImageRecipe& recipe, Tree& tree);

/// The entries of `attributes`, in order. Throws Error(invalid_argument) for a pattern that nothing
/// matches, and for a mode or capabilities of something that cannot have them.
void set_attributes(const recipe::ImageRecipe& recipe, Tree& tree);

}  // namespace kata::rootfs
