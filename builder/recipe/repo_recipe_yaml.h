// SPDX-License-Identifier: Apache-2.0
//
// A repository's recipe from YAML, as strictly as recipe_yaml.h says.
#pragma once

#include <string>
#include <vector>

#include "builder/recipe/repo_recipe.h"

namespace kata::recipe {

/// Reads a repository's recipe and the files of advisories that it names. Throws Error (not_found
/// when there is no such file).
[[nodiscard]] RepoRecipe read_repo_recipe(const std::string& path);
/// Reads a file of advisories: a list of them. Throws Error.
[[nodiscard]] std::vector<Advisory> read_advisories(const std::string& path);

}  // namespace kata::recipe
