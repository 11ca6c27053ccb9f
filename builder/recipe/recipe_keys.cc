// SPDX-License-Identifier: Apache-2.0
#include "builder/recipe/recipe_keys.h"

#include "builder/recipe/build_recipe.h"
#include "builder/recipe/package_recipe.h"
#include "builder/recipe/repo_recipe.h"
#include "builder/recipe/repo_recipe_yaml.h"
#include "builder/recipe/yaml_reader.h"
#include "runtime/base/io.h"

namespace kata::recipe {
namespace {

void read(RecipeKind kind, const std::string& path) {
  switch (kind) {
    case RecipeKind::kernel:
      (void)read_kernel_recipe(path);
      return;
    case RecipeKind::image:
      (void)read_image_recipe(path);
      return;
    case RecipeKind::packages:
      (void)read_package_recipe(path);
      return;
    case RecipeKind::repository:
      (void)read_repo_recipe(path);
      return;
    case RecipeKind::build:
      (void)read_build_recipe(path);
  }
}

}  // namespace

std::vector<RecipeKey> recipe_keys(RecipeKind kind) {
  const TempDir folder;
  const std::string path = folder.path() + "/any.yaml";
  write_file(path, "any: text\n");
  KeyRecording recording;
  // the recipe itself is none; what the readers say on the way is what counts
  ignore_error([&] { read(kind, path); }, "a recording reads no values");
  std::vector<RecipeKey> keys;
  for (const RecordedKey& key : recording.keys())
    keys.push_back({key.section, key.name, key.depth});
  return keys;
}

}  // namespace kata::recipe
