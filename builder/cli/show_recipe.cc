// SPDX-License-Identifier: Apache-2.0
#include "builder/recipe/show_recipe.h"

#include <CLI/CLI.hpp>
#include <cstdio>
#include <memory>

#include "builder/cli/verbs.h"
#include "builder/recipe/build_recipe.h"
#include "builder/recipe/package_recipe.h"
#include "builder/recipe/recipe_yaml.h"
#include "builder/recipe/repo_recipe_yaml.h"

namespace kata::cli {

void add_show_recipe(CLI::App& app, Action& action) {
  const auto path = std::make_shared<std::string>();
  CLI::App* verb =
      app.add_subcommand("show-recipe", "Check a recipe and print it with every default filled in");
  verb->add_option("recipe", *path, "kernel, image, package, repository or build recipe")
      ->type_name("FILE")
      ->required();
  verb->callback([path, &action] {
    action = [path] {
      const recipe::RecipeKind kind = recipe::recipe_kind(*path);
      const Json json =
          kind == recipe::RecipeKind::kernel ? recipe::to_json(recipe::read_kernel_recipe(*path))
          : kind == recipe::RecipeKind::packages
              ? recipe::to_json(recipe::read_package_recipe(*path))
          : kind == recipe::RecipeKind::build ? recipe::to_json(recipe::read_build_recipe(*path))
          : kind == recipe::RecipeKind::repository
              ? recipe::to_json(recipe::read_repo_recipe(*path))
              : recipe::to_json(recipe::read_image_recipe(*path));
      std::printf("%s\n", json.dump(2).c_str());
      return 0;
    };
  });
}

}  // namespace kata::cli
