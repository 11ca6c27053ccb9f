// SPDX-License-Identifier: Apache-2.0
#include "builder/recipe/recipe_yaml.h"

#include <string_view>

#include "builder/recipe/yaml_reader.h"
#include "runtime/base/path.h"

namespace kata::recipe {
namespace {

void read_archive(const Document& document, const YAML::Node& node, std::string_view what,
                  KernelSource& source) {
  std::vector<Key> keys = {
      {"path", [&](const YAML::Node& n) { source.path = path_of(document, n, "path"); }},
      {"url", [&](const YAML::Node& n) { source.url = non_empty_text(document, n, "url"); }},
      {"sha256", [&](const YAML::Node& n) { source.sha256 = sha256_of(document, n); }},
  };
  if (source.kind == SourceKind::srpm) {
    keys.push_back({"patches", [&](const YAML::Node& list) {
                      read_list(document, list, "patches", [&](const YAML::Node& n) {
                        std::string name = non_empty_text(document, n, "a patch");
                        if (name.find('/') != std::string::npos) {
                          fail(document, n.Mark(),
                               "patch {} must be the name of a file within the source RPM", name);
                        }
                        source.patches.push_back(std::move(name));
                      });
                    }});
  }
  read_map(document, node, what, keys);
  if (source.path.empty() == source.url.empty()) {
    fail(document, node.Mark(), "{} needs one of \"path\" and \"url\"", what);
  }
  if (!source.url.empty() && source.sha256.empty()) {
    fail(document, node.Mark(),
         "{} with a \"url\" needs \"sha256\": a download is not trusted without", what);
  }
}

KernelSource read_source(const Document& document, const YAML::Node& node) {
  KernelSource source;
  int count = 0;
  const auto archive = [&](SourceKind kind, std::string_view what) {
    return [&, kind, what](const YAML::Node& n) {
      source.kind = kind;
      ++count;
      read_archive(document, n, what, source);
    };
  };
  const auto package = [&](const YAML::Node& n) {
    source.package = non_empty_text(document, n, "package");
    if (source.package.find('/') != std::string::npos || source.package.front() == '.') {
      fail(document, n.Mark(), "package must be a package's name, not \"{}\"", source.package);
    }
    ++count;
  };
  read_map(document, node, "source",
           {{"package", package},
            {"tarball", archive(SourceKind::tarball, "source.tarball")},
            {"srpm", archive(SourceKind::srpm, "source.srpm")},
            {"sha256", [&](const YAML::Node& n) { source.sha256 = sha256_of(document, n); }}});
  if (count != 1)
    fail(document, node.Mark(),
         "source needs exactly one of \"package\", \"tarball\" and \"srpm\"");
  return source;
}

}  // namespace

RecipeKind recipe_kind(const std::string& path) {
  return with_document(path, [](const Document& document, const YAML::Node& top) {
    if (!top.IsMap())
      fail(document, top.Mark(), "a recipe must be a map of keys, not {}", type_name(top));
    if (top["repository"].IsDefined() && !top["packages"].IsMap()) return RecipeKind::build;
    if (top["packages"].IsDefined()) return RecipeKind::packages;
    if (top["channels"].IsDefined()) return RecipeKind::repository;
    const bool kernel = top["fragments"].IsDefined() || top["source"].IsDefined();
    return kernel ? RecipeKind::kernel : RecipeKind::image;
  });
}

KernelRecipe read_kernel_recipe(const std::string& path) {
  return with_document(path, [&](const Document& document, const YAML::Node& top) {
    KernelRecipe recipe;
    recipe.file = path;
    const auto plain_word = [&](const YAML::Node& n, std::string_view what) {
      std::string text = non_empty_text(document, n, what);
      if (text.find_first_not_of(
              "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._+-/") !=
          std::string::npos) {
        fail(document, n.Mark(), "{} may hold letters, digits and ._+- only, not \"{}\"", what,
             text);
      }
      return text;
    };
    read_map(
        document, top, "a kernel recipe",
        {{"name", [&](const YAML::Node& n) { recipe.name = plain_word(n, "name"); }, true},
         {"source", [&](const YAML::Node& n) { recipe.source = read_source(document, n); }, true},
         {"arch",
          [&](const YAML::Node& n) { recipe.arch = choice_of(document, n, "arch", {"x86_64"}); }},
         {"compiler", [&](const YAML::Node& n) { recipe.compiler = plain_word(n, "compiler"); }},
         {"localversion",
          [&](const YAML::Node& n) { recipe.localversion = plain_word(n, "localversion"); }},
         {"fragments",
          [&](const YAML::Node& n) { recipe.fragments = path_list(document, n, "fragments"); },
          true},
         {"patches",
          [&](const YAML::Node& n) { recipe.patches = path_list(document, n, "patches"); }},
         {"timestamp", [&](const YAML::Node& n) { recipe.timestamp = timestamp_of(document, n); }},
         {"strip", [&](const YAML::Node& n) { recipe.strip = bool_of(document, n, "strip"); }},
         {"require_pvh",
          [&](const YAML::Node& n) { recipe.require_pvh = bool_of(document, n, "require_pvh"); }},
         {"expected_steps", [&](const YAML::Node& n) {
            recipe.expected_steps = number_of(document, n, "expected_steps", 1000000);
          }}});
    if (recipe.fragments.empty())
      fail(document, top.Mark(), "fragments must name at least one file");
    return recipe;
  });
}

}  // namespace kata::recipe
