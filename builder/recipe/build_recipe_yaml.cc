// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "builder/recipe/build_recipe.h"
#include "builder/recipe/package_recipe.h"
#include "builder/recipe/recipe_sections.h"

namespace kata::recipe {
namespace {

std::vector<std::string> release_list(const Document& document, const YAML::Node& list) {
  std::vector<std::string> releases;
  read_list(document, list, "releases", [&](const YAML::Node& node) {
    std::string release = choice_of(document, node, "releases", known_releases());
    if (std::find(releases.begin(), releases.end(), release) != releases.end())
      fail(document, node.Mark(), "releases: {} is listed twice", release);
    releases.push_back(std::move(release));
  });
  if (releases.empty()) fail(document, list.Mark(), "releases must name at least one");
  return releases;
}

void check_releases(const Document& document, const YAML::Node& top, const BuildRecipe& recipe) {
  for (const std::string& release : recipe.releases) {
    const bool has_channel =
        std::any_of(recipe.repository.channels.begin(), recipe.repository.channels.end(),
                    [&](const RepoChannel& channel) { return channel.release == release; });
    if (!has_channel)
      fail(document, top["releases"].Mark(),
           "release {} has no channel in \"repository\": its packages would go nowhere", release);
  }
}

}  // namespace

BuildRecipe read_build_recipe(const std::string& path) {
  return with_document(path, [&](const Document& document, const YAML::Node& top) {
    BuildRecipe recipe;
    recipe.file = path;
    const auto file = [&](std::string& into, const char* what) {
      return [&into, &document, what](const YAML::Node& n) { into = path_of(document, n, what); };
    };
    const auto timestamp = [&](const YAML::Node& n) {
      recipe.timestamp_of_git = n.IsScalar() && n.Scalar() == "git";
      if (!recipe.timestamp_of_git) recipe.timestamp = timestamp_of(document, n);
    };
    const auto repository = [&](const YAML::Node& n) {
      recipe.repository = read_repo_section(document, n);
      if (recipe.repository.signing && top["signing"].IsDefined())
        fail(document, n["signing"].Mark(),
             "signing is there twice: the build's key signs the repository too");
    };
    read_map(
        document, top, "a build's recipe",
        {{"name", [&](const YAML::Node& n) { recipe.name = one_line(document, n, "name"); }, true},
         {"source", file(recipe.source, "source")},
         {"programs", file(recipe.programs, "programs")},
         {"kernel", file(recipe.kernel, "kernel")},
         {"image", file(recipe.image, "image")},
         {"packages", file(recipe.packages, "packages")},
         {"repository", repository, true},
         {"releases", [&](const YAML::Node& n) { recipe.releases = release_list(document, n); }},
         {"signing", [&](const YAML::Node& n) { recipe.signing = read_signing(document, n); }},
         {"timestamp", timestamp}});
    check_releases(document, top, recipe);
    return recipe;
  });
}

Json to_json(const BuildRecipe& recipe) {
  Json json{{"name", recipe.name},         {"source", recipe.source},
            {"programs", recipe.programs}, {"kernel", recipe.kernel},
            {"image", recipe.image},       {"packages", recipe.packages},
            {"releases", recipe.releases}, {"repository", to_json(recipe.repository)}};
  if (recipe.signing) json["signing"] = to_json(*recipe.signing);
  if (recipe.timestamp_of_git) json["timestamp"] = "git";
  if (recipe.timestamp) json["timestamp"] = *recipe.timestamp;
  return json;
}

}  // namespace kata::recipe
