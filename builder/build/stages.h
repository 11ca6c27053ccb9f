// SPDX-License-Identifier: Apache-2.0
//
// A build's recipe, resolved: what each stage gets, where it puts its result. Nothing is built
// here.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "builder/pipeline/context.h"
#include "builder/recipe/build_recipe.h"
#include "builder/recipe/image_recipe.h"
#include "builder/recipe/kernel_recipe.h"
#include "builder/recipe/package_recipe.h"

namespace kata::build {

/// What the command line says beside the recipe.
struct BuildOptions {
  std::string output;           ///< folder of all results, absolute
  std::string repository;       ///< folder of the repository; empty: `output`/repo
  std::string base_url;         ///< instead of the recipe's; may be empty
  std::string package_release;  ///< instead of the package recipe's; may be empty
  std::vector<std::string> releases;
  std::vector<std::string> freeze;
  bool prune = false;
  std::string stage;   ///< "kernel" or "programs": this one alone, without a key; empty: all
  std::string source;  ///< the source tree when the recipe names none; empty: the working directory
  std::optional<recipe::SigningRecipe> signing;  ///< instead of the recipe's
};

/// What `katabuild verify --rebuild` needs to do the same again; nothing secret is in it.
[[nodiscard]] Json to_json(const BuildOptions& options);
/// The reverse. Throws Json::exception.
[[nodiscard]] BuildOptions options_from_json(const Json& json);

/// Inputs and places of the stages.
struct Stages {
  std::string name;
  std::string source;
  recipe::KernelRecipe kernel;
  recipe::ImageRecipe image;
  recipe::PackageRecipe packages;
  recipe::RepoRecipe repository;
  bool compile = true;  ///< else `packages.programs` holds compiled programs

  std::string output;
  std::string guest;  ///< folder of kernel and image
  std::string image_file;
  std::string programs;  ///< folder of the programs
  std::string package_folder;
  std::string repo_folder;
};

/// Reads all recipes and joins what they share: one key, one time, one URL, the same releases.
/// Throws Error for what does not fit together.
[[nodiscard]] Stages resolve(const recipe::BuildRecipe& recipe, const BuildOptions& options,
                             CommandRunner& runner);
}  // namespace kata::build
