// SPDX-License-Identifier: Apache-2.0
//
// Recipes from YAML to structs, strictly: an unknown key, a wrong type, a missing value or a path
// that leaves the recipe's folder is an Error(invalid_argument) "FILE:LINE:COLUMN: what", before
// anything else happens.
#pragma once

#include <string>

#include "builder/recipe/image_recipe.h"
#include "builder/recipe/kernel_recipe.h"

namespace kata::recipe {

enum class RecipeKind { kernel, image, packages, repository, build };

/// Which kind of recipe `path` is, by its keys. Throws Error.
[[nodiscard]] RecipeKind recipe_kind(const std::string& path);
/// Reads a kernel recipe. Relative paths start at the recipe's folder, or, when that is called
/// `recipes`, at the folder above it. Throws Error (not_found when there is no such file).
[[nodiscard]] KernelRecipe read_kernel_recipe(const std::string& path);
/// Reads an image recipe; paths as above. Throws Error.
[[nodiscard]] ImageRecipe read_image_recipe(const std::string& path);

}  // namespace kata::recipe
