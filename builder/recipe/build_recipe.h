// SPDX-License-Identifier: Apache-2.0
//
// The recipe of `katabuild build`: which recipes make a release, and what they share. Every path is
// absolute. docs/recipe.md describes the file format.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "builder/recipe/repo_recipe.h"
#include "builder/recipe/signing_recipe.h"
#include "runtime/base/json.h"

namespace kata::recipe {

struct BuildRecipe {
  std::string file;
  std::string name;
  std::string source;    ///< the project's tree; empty: the working directory
  std::string programs;  ///< a folder with compiled programs; empty: they are compiled
  std::string kernel;    ///< recipes; empty: the source tree's own
  std::string image;
  std::string packages;
  RepoRecipe repository;              ///< channels may have no pools: the build's packages
  std::vector<std::string> releases;  ///< empty: all of the package recipe
  std::optional<SigningRecipe> signing;
  std::optional<std::int64_t> timestamp;  ///< of packages and repository
  bool timestamp_of_git = false;          ///< the time of the source tree's last commit
};

/// Reads a build's recipe; paths as in read_kernel_recipe. Throws Error "FILE:LINE:COLUMN: what".
[[nodiscard]] BuildRecipe read_build_recipe(const std::string& path);
/// All values of the recipe; nothing secret is among them.
[[nodiscard]] Json to_json(const BuildRecipe& recipe);

}  // namespace kata::recipe
