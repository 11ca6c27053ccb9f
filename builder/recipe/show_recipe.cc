// SPDX-License-Identifier: Apache-2.0
#include "builder/recipe/show_recipe.h"

#include <fmt/core.h>

namespace kata::recipe {
namespace {

Json source_json(const KernelSource& source) {
  if (source.kind == SourceKind::package) {
    Json json{{"package", source.package}};
    if (!source.sha256.empty()) json["sha256"] = source.sha256;
    return json;
  }
  Json archive = Json::object();
  if (!source.path.empty()) archive["path"] = source.path;
  if (!source.url.empty()) archive["url"] = source.url;
  if (!source.sha256.empty()) archive["sha256"] = source.sha256;
  if (!source.patches.empty()) archive["patches"] = source.patches;
  return Json{{source.kind == SourceKind::srpm ? "srpm" : "tarball", archive}};
}

}  // namespace

Json to_json(const KernelRecipe& recipe) {
  return Json{{"name", recipe.name},
              {"source", source_json(recipe.source)},
              {"arch", recipe.arch},
              {"compiler", recipe.compiler},
              {"localversion", recipe.localversion},
              {"fragments", recipe.fragments},
              {"patches", recipe.patches},
              {"timestamp", recipe.timestamp},
              {"strip", recipe.strip},
              {"require_pvh", recipe.require_pvh},
              {"expected_steps", recipe.expected_steps}};
}

}  // namespace kata::recipe
