// SPDX-License-Identifier: Apache-2.0
//
// A recipe as it is understood, every default and path resolved: for `show-recipe` and for the
// inputs of the cache.
#pragma once

#include "builder/recipe/image_recipe.h"
#include "builder/recipe/kernel_recipe.h"
#include "runtime/base/json.h"

namespace kata::recipe {

/// All values of the recipe; no time, no host name: equal recipes give equal text.
[[nodiscard]] Json to_json(const KernelRecipe& recipe);
/// As above.
[[nodiscard]] Json to_json(const ImageRecipe& recipe);

}  // namespace kata::recipe
