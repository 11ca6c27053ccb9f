// SPDX-License-Identifier: Apache-2.0
#include "builder/recipe/package_recipe.h"

namespace kata::recipe {
Json to_json(const PackageRecipe& recipe) {
  Json packages = Json::object();
  for (const PackageEntry& entry : recipe.packages) {
    Json package{{"releases", entry.releases}};
    for (const auto& [relation, lines] : entry.relations) package[relation] = lines;
    packages[entry.name] = package;
  }
  Json json{{"name", recipe.name},
            {"version", recipe.version},
            {"release", recipe.release},
            {"packager", recipe.packager},
            {"vendor", recipe.vendor},
            {"url", recipe.url},
            {"timestamp", recipe.timestamp},
            {"templates", recipe.templates},
            {"releases", recipe.releases},
            {"source", recipe.source},
            {"programs", recipe.programs},
            {"kernel", recipe.kernel},
            {"kernel_images", recipe.kernel_images},
            {"kernel_source", recipe.kernel_source},
            {"image", recipe.image},
            {"from_source", recipe.from_source},
            {"packages", packages}};
  if (recipe.repository) {
    json["repository"] = {{"id", recipe.repository->id},
                          {"name", recipe.repository->name},
                          {"baseurl", recipe.repository->baseurl}};
  }
  if (recipe.signing) json["signing"] = to_json(*recipe.signing);
  return json;
}

}  // namespace kata::recipe
