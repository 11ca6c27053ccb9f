// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "builder/recipe/package_recipe.h"
#include "builder/recipe/recipe_sections.h"
#include "builder/recipe/yaml_reader.h"

namespace kata::recipe {
namespace {

constexpr std::string_view kLetters =
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";

bool contains(const std::vector<std::string>& list, const std::string& text) {
  return std::find(list.begin(), list.end(), text) != list.end();
}

/// One line of text that cannot break out of the spec file's line or be taken for a macro.
std::string spec_text(const Document& document, const YAML::Node& node, std::string_view what) {
  std::string text = non_empty_text(document, node, what);
  if (text.find_first_of("\n\r%") != std::string::npos) {
    fail(document, node.Mark(), "{} must be one line without %, not \"{}\"", what, text);
  }
  return text;
}

std::string version_text(const Document& document, const YAML::Node& node, std::string_view what) {
  std::string text = non_empty_text(document, node, what);
  if (text.find_first_not_of(std::string(kLetters) + "._+~") != std::string::npos) {
    fail(document, node.Mark(), "{} may hold letters, digits and ._+~ only, not \"{}\"", what,
         text);
  }
  return text;
}

std::vector<std::string> release_list(const Document& document, const YAML::Node& list) {
  std::vector<std::string> releases;
  read_list(document, list, "releases", [&](const YAML::Node& node) {
    std::string release = choice_of(document, node, "a release", known_releases());
    if (contains(releases, release)) fail(document, node.Mark(), "{} is listed twice", release);
    releases.push_back(std::move(release));
  });
  if (releases.empty()) fail(document, list.Mark(), "releases must name at least one release");
  return releases;
}

/// rpm 4.11 of el7 knows neither rich dependencies nor Recommends.
void check_relation(const Document& document, const YAML::Node& node, const std::string& relation,
                    const std::string& release, const std::string& line) {
  if (line.front() == '(' && release == "el7") {
    fail(document, node.Mark(),
         "{}: el7's rpm knows no rich dependencies such as \"{}\": name one package, or list it "
         "for the other releases",
         relation, line);
  }
  if (relation == "recommends" && release == "el7") {
    fail(document, node.Mark(), "recommends: el7's rpm knows no Recommends: list {} under requires",
         line);
  }
}

RelationLines read_relation(const Document& document, const YAML::Node& node,
                            const std::string& relation) {
  RelationLines lines;
  const auto read_lines = [&](const YAML::Node& list, const std::string& release) {
    read_list(document, list, relation, [&](const YAML::Node& n) {
      std::string line = spec_text(document, n, relation);
      check_relation(document, n, relation, release, line);
      lines[release].push_back(std::move(line));
    });
  };
  if (node.IsSequence()) {
    read_lines(node, "all");
    return lines;
  }
  std::vector<Key> keys = {{"all", [&](const YAML::Node& n) { read_lines(n, "all"); }}};
  for (const std::string& release : known_releases())
    keys.push_back({release, [&, release](const YAML::Node& n) { read_lines(n, release); }});
  read_map(document, node, relation, keys);
  return lines;
}

PackageEntry read_package(const Document& document, const YAML::Node& node,
                          const std::string& name) {
  PackageEntry entry;
  entry.name = name;
  if (node.IsNull()) return entry;
  std::vector<Key> keys = {
      {"releases", [&](const YAML::Node& n) { entry.releases = release_list(document, n); }}};
  for (const char* relation :
       {"requires", "recommends", "provides", "obsoletes", "conflicts", "build_requires"}) {
    keys.push_back({relation, [&, relation](const YAML::Node& n) {
                      entry.relations[relation] = read_relation(document, n, relation);
                    }});
  }
  read_map(document, node, name, keys);
  return entry;
}

std::vector<PackageEntry> read_packages(const Document& document, const YAML::Node& map) {
  std::vector<PackageEntry> packages;
  std::vector<Key> keys;
  for (const std::string& name : known_packages()) {
    keys.push_back({name, [&, name](const YAML::Node& n) {
                      packages.push_back(read_package(document, n, name));
                    }});
  }
  read_map(document, map, "packages", keys);
  if (packages.empty()) fail(document, map.Mark(), "packages must name at least one package");
  return packages;
}

RepositoryRecipe read_repository(const Document& document, const YAML::Node& node) {
  RepositoryRecipe repository;
  const auto id = [&](const YAML::Node& n) {
    repository.id = non_empty_text(document, n, "id");
    if (repository.id.find_first_not_of(std::string(kLetters) + "._-") != std::string::npos)
      fail(document, n.Mark(), "id may hold letters, digits and ._- only, not \"{}\"",
           repository.id);
  };
  const auto baseurl = [&](const YAML::Node& n) {
    repository.baseurl = spec_text(document, n, "baseurl");
    const bool known = repository.baseurl.starts_with("https://") ||
                       repository.baseurl.starts_with("http://") ||
                       repository.baseurl.starts_with("file:///");
    if (!known || repository.baseurl.find(' ') != std::string::npos)
      fail(document, n.Mark(), "baseurl must be an https, http or file URL, not \"{}\"",
           repository.baseurl);
  };
  read_map(
      document, node, "repository",
      {{"id", id},
       {"name", [&](const YAML::Node& n) { repository.name = spec_text(document, n, "name"); }},
       {"baseurl", baseurl, true}});
  return repository;
}

/// What two keys say together, once all have been read.
void check_together(const Document& document, const YAML::Node& top, PackageRecipe& recipe) {
  for (PackageEntry& entry : recipe.packages) {
    if (entry.releases.empty()) entry.releases = recipe.releases;
    std::erase_if(entry.releases,
                  [&](const std::string& each) { return !contains(recipe.releases, each); });
    for (const auto& [relation, lines] : entry.relations) {
      const auto all = lines.find("all");
      if (all == lines.end() || !contains(entry.releases, "el7")) continue;
      for (const std::string& line : all->second) {
        if (line.front() == '(' && relation != "recommends")
          check_relation(document, top["packages"], relation, "el7", line);
      }
    }
    if (entry.name == "kata-release" && !recipe.repository)
      fail(document, top.Mark(),
           "kata-release needs \"repository\": it tells dnf where the packages are");
  }
}

}  // namespace

const std::vector<std::string>& known_packages() {
  static const std::vector<std::string> names = {"kata-runtime", "kata-image", "kata-kernel",
                                                 "kata-agent",   "katabuild",  "kata-release"};
  return names;
}

const std::vector<std::string>& known_releases() {
  static const std::vector<std::string> names = {"el7", "el8", "el9", "el10"};
  return names;
}

std::vector<std::string> relation_lines(const PackageEntry& entry, const std::string& relation,
                                        const std::string& release) {
  if (relation == "recommends" && release == "el7") return {};
  std::vector<std::string> lines;
  const auto by_release = entry.relations.find(relation);
  if (by_release == entry.relations.end()) return lines;
  for (const std::string& key : {std::string("all"), release}) {
    const auto found = by_release->second.find(key);
    if (found != by_release->second.end())
      lines.insert(lines.end(), found->second.begin(), found->second.end());
  }
  return lines;
}

PackageRecipe read_package_recipe(const std::string& path) {
  return with_document(path, [&](const Document& document, const YAML::Node& top) {
    PackageRecipe recipe;
    recipe.file = path;
    recipe.version = KATA_VERSION;
    recipe.releases = known_releases();
    recipe.templates = document.root;
    const auto text = [&](std::string& into, const char* what) {
      return [&into, &document, what](const YAML::Node& n) { into = spec_text(document, n, what); };
    };
    const auto input = [&](std::string& into, const char* what) {
      return [&into, &document, what](const YAML::Node& n) { into = path_of(document, n, what); };
    };
    const auto version = [&](std::string& into, const char* what) {
      return
          [&into, &document, what](const YAML::Node& n) { into = version_text(document, n, what); };
    };
    const auto kernel_images = [&](const YAML::Node& list) {
      recipe.kernel_images.clear();
      read_list(document, list, "kernel_images", [&](const YAML::Node& n) {
        recipe.kernel_images.push_back(
            choice_of(document, n, "kernel_images", {"vmlinux", "vmlinuz"}));
      });
      if (recipe.kernel_images.empty())
        fail(document, list.Mark(), "kernel_images must name vmlinux, vmlinuz or both");
    };
    read_map(
        document, top, "a package recipe",
        {{"name", text(recipe.name, "name"), true},
         {"version", version(recipe.version, "version")},
         {"release", version(recipe.release, "release")},
         {"packager", text(recipe.packager, "packager"), true},
         {"vendor", text(recipe.vendor, "vendor"), true},
         {"url", text(recipe.url, "url"), true},
         {"timestamp", [&](const YAML::Node& n) { recipe.timestamp = timestamp_of(document, n); }},
         {"templates", input(recipe.templates, "templates")},
         {"releases", [&](const YAML::Node& n) { recipe.releases = release_list(document, n); }},
         {"source", input(recipe.source, "source")},
         {"programs", input(recipe.programs, "programs")},
         {"kernel", input(recipe.kernel, "kernel")},
         {"kernel_images", kernel_images},
         {"kernel_source", input(recipe.kernel_source, "kernel_source")},
         {"image", input(recipe.image, "image")},
         {"from_source",
          [&](const YAML::Node& n) { recipe.from_source = bool_of(document, n, "from_source"); }},
         {"packages", [&](const YAML::Node& n) { recipe.packages = read_packages(document, n); },
          true},
         {"repository",
          [&](const YAML::Node& n) { recipe.repository = read_repository(document, n); }},
         {"signing", [&](const YAML::Node& n) { recipe.signing = read_signing(document, n); }}});
    check_together(document, top, recipe);
    return recipe;
  });
}

}  // namespace kata::recipe
