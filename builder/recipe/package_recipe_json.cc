// SPDX-License-Identifier: Apache-2.0
#include "builder/recipe/package_recipe.h"

namespace kata::recipe {
namespace {

Json signing_json(const SigningRecipe& signing) {
  Json json = Json::object();
  const auto add = [&](const char* key, const std::string& value) {
    if (!value.empty()) json[key] = value;
  };
  add("key", signing.key);
  add("gnupg_home", signing.gnupg_home);
  add("key_file", signing.key_file);
  add("agent_socket", signing.agent_socket);
  add("public_key", signing.public_key);
  add("passphrase_file", signing.passphrase_file);
  add("passphrase_variable", signing.passphrase_variable);
  json["trial"] = signing.trial;
  return json;
}

}  // namespace

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
  if (recipe.signing) json["signing"] = signing_json(*recipe.signing);
  return json;
}

}  // namespace kata::recipe
