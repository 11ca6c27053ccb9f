// SPDX-License-Identifier: Apache-2.0
//
// What an image starts from: nothing, a folder, or a tar file.
#pragma once

#include <string>

#include "builder/pipeline/context.h"
#include "builder/recipe/image_recipe.h"
#include "builder/rootfs/tree.h"

namespace kata::rootfs {

/// The base's tree, with the folders and the console device added that any first process needs. A
/// tar's contents are spooled below `work`. Throws Error for a hostile or damaged tar.
[[nodiscard]] Tree read_base(const recipe::ImageRecipe& recipe, const std::string& work,
                             pipeline::Context& context);

/// The recipe's own files, over what is there. Throws Error.
void add_files(const recipe::ImageRecipe& recipe, Tree& tree);

}  // namespace kata::rootfs
