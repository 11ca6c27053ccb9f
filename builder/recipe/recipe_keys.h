// SPDX-License-Identifier: Apache-2.0
//
// The keys that recipes may have, told by the readers themselves: documents are checked against
// this.
#pragma once

#include <string>
#include <vector>

#include "builder/recipe/recipe_yaml.h"

namespace kata::recipe {

struct RecipeKey {
  std::string section;  ///< what the reader calls the map: "an image recipe", "disk"
  std::string name;
  int depth = 0;  ///< 0: at the top of the recipe

  auto operator<=>(const RecipeKey&) const = default;
};

/// Every key that the reader of this kind of recipe takes, the outermost first. Throws Error.
[[nodiscard]] std::vector<RecipeKey> recipe_keys(RecipeKind kind);

}  // namespace kata::recipe
