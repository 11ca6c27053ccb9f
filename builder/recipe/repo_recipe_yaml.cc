// SPDX-License-Identifier: Apache-2.0
#include "builder/recipe/repo_recipe_yaml.h"

#include <algorithm>
#include <set>

#include "builder/recipe/recipe_sections.h"
#include "builder/recipe/yaml_reader.h"

namespace kata::recipe {
namespace {

const std::vector<std::string> kReleases = {"el7", "el8", "el9", "el10"};

/// A text that may become part of a path, a URL and a section of a .repo file.
std::string plain_name(const Document& document, const YAML::Node& node, std::string_view what) {
  std::string text = non_empty_text(document, node, what);
  if (text.front() == '.' || text.front() == '-' ||
      text.find_first_not_of(
          "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._+-") !=
          std::string::npos) {
    fail(document, node.Mark(), "{} may hold letters, digits and ._+- only, not \"{}\"", what,
         text);
  }
  return text;
}

std::vector<std::string> name_list(const Document& document, const YAML::Node& list,
                                   std::string_view what) {
  std::vector<std::string> names;
  read_list(document, list, what, [&](const YAML::Node& node) {
    std::string name = plain_name(document, node, what);
    if (std::find(names.begin(), names.end(), name) != names.end())
      fail(document, node.Mark(), "{}: {} is listed twice", what, name);
    names.push_back(std::move(name));
  });
  return names;
}

std::vector<std::string> choice_list(const Document& document, const YAML::Node& list,
                                     std::string_view what,
                                     const std::vector<std::string>& choices) {
  std::vector<std::string> chosen;
  read_list(document, list, what, [&](const YAML::Node& node) {
    std::string choice = choice_of(document, node, what, choices);
    if (std::find(chosen.begin(), chosen.end(), choice) != chosen.end())
      fail(document, node.Mark(), "{}: {} is listed twice", what, choice);
    chosen.push_back(std::move(choice));
  });
  if (chosen.empty()) fail(document, list.Mark(), "{} must name at least one", what);
  return chosen;
}

RepoChannel read_channel(const Document& document, const YAML::Node& node) {
  RepoChannel channel;
  YAML::Mark compression = node.Mark();
  read_map(
      document, node, "a channel",
      {{"release",
        [&](const YAML::Node& n) {
          channel.release = choice_of(document, n, "release", kReleases);
        },
        true},
       {"architectures",
        [&](const YAML::Node& n) {
          channel.architectures =
              choice_list(document, n, "architectures", {"x86_64", "aarch64", "src"});
        }},
       {"pools", [&](const YAML::Node& n) { channel.pools = path_list(document, n, "pools"); }},
       {"compression", [&](const YAML::Node& n) {
          compression = n.Mark();
          const bool zstd = choice_of(document, n, "compression", {"gzip", "zstd"}) == "zstd";
          channel.compression = zstd ? MetadataCompression::zstd : MetadataCompression::gzip;
        }}});
  const bool old = channel.release == "el7" || channel.release == "el8";
  if (old && channel.compression == MetadataCompression::zstd) {
    fail(document, compression, "compression of {} must be gzip: not every client there reads zstd",
         channel.release);
  }
  return channel;
}

PackageGroup read_group(const Document& document, const YAML::Node& node) {
  PackageGroup group;
  const auto names = [&](std::vector<std::string>& into, const char* what) {
    return [&, what](const YAML::Node& n) { into = name_list(document, n, what); };
  };
  read_map(
      document, node, "a group",
      {{"id", [&](const YAML::Node& n) { group.id = plain_name(document, n, "id"); }, true},
       {"name", [&](const YAML::Node& n) { group.name = one_line(document, n, "name"); }, true},
       {"description",
        [&](const YAML::Node& n) { group.description = text_of(document, n, "description"); }},
       {"default",
        [&](const YAML::Node& n) { group.is_default = bool_of(document, n, "default"); }},
       {"mandatory", names(group.mandatory, "mandatory")},
       {"packages", names(group.defaults, "packages")},
       {"optional", names(group.optional, "optional")}});
  if (group.mandatory.empty() && group.defaults.empty() && group.optional.empty()) {
    fail(document, node.Mark(),
         "group {} needs packages: \"mandatory\", \"packages\" or \"optional\"", group.id);
  }
  return group;
}

AdvisoryReference read_reference(const Document& document, const YAML::Node& node) {
  AdvisoryReference reference;
  read_map(
      document, node, "a reference",
      {{"url", [&](const YAML::Node& n) { reference.url = url_of(document, n, "url"); }, true},
       {"title", [&](const YAML::Node& n) { reference.title = one_line(document, n, "title"); }}});
  return reference;
}

std::vector<std::string> cve_list(const Document& document, const YAML::Node& list) {
  std::vector<std::string> cves = name_list(document, list, "cves");
  for (const YAML::Node& node : list) {
    const std::string& text = node.Scalar();
    if (text.size() < 13 || !text.starts_with("CVE-") || text[8] != '-' ||
        (text.substr(4, 4) + text.substr(9)).find_first_not_of("0123456789") != std::string::npos) {
      fail(document, node.Mark(), "cves must hold numbers like CVE-2026-0001, not \"{}\"", text);
    }
  }
  return cves;
}

Advisory read_advisory(const Document& document, const YAML::Node& node) {
  Advisory advisory;
  const auto text = [&](std::string& into, const char* what) {
    return [&, what](const YAML::Node& n) { into = non_empty_text(document, n, what); };
  };
  read_map(
      document, node, "an advisory",
      {{"id", [&](const YAML::Node& n) { advisory.id = one_line(document, n, "id"); }, true},
       {"type",
        [&](const YAML::Node& n) {
          advisory.type =
              choice_of(document, n, "type", {"security", "bugfix", "enhancement", "newpackage"});
        },
        true},
       {"severity",
        [&](const YAML::Node& n) {
          advisory.severity = choice_of(document, n, "severity",
                                        {"Critical", "Important", "Moderate", "Low", "None"});
        }},
       {"title", [&](const YAML::Node& n) { advisory.title = one_line(document, n, "title"); },
        true},
       {"description", text(advisory.description, "description")},
       {"solution", text(advisory.solution, "solution")},
       {"from", text(advisory.from, "from")},
       {"issued", [&](const YAML::Node& n) { advisory.issued = timestamp_of(document, n); }, true},
       {"updated", [&](const YAML::Node& n) { advisory.updated = timestamp_of(document, n); }},
       {"reboot_suggested",
        [&](const YAML::Node& n) {
          advisory.reboot_suggested = bool_of(document, n, "reboot_suggested");
        }},
       {"cves", [&](const YAML::Node& n) { advisory.cves = cve_list(document, n); }},
       {"references",
        [&](const YAML::Node& list) {
          read_list(document, list, "references", [&](const YAML::Node& n) {
            advisory.references.push_back(read_reference(document, n));
          });
        }},
       {"releases",
        [&](const YAML::Node& n) {
          advisory.releases = choice_list(document, n, "releases", kReleases);
        }},
       {"packages",
        [&](const YAML::Node& n) { advisory.packages = name_list(document, n, "packages"); },
        true}});
  if (advisory.packages.empty())
    fail(document, node.Mark(), "advisory {} must name at least one package", advisory.id);
  if (advisory.type == "security" && advisory.severity == "None")
    fail(document, node.Mark(), "advisory {} is about security and needs a severity", advisory.id);
  return advisory;
}

void check_channels(const Document& document, const YAML::Node& top, const RepoRecipe& recipe) {
  std::set<std::string> seen;
  for (const RepoChannel& channel : recipe.channels) {
    if (!seen.insert(channel.release).second)
      fail(document, top.Mark(), "channel {} is there twice", channel.release);
  }
  if (recipe.channels.empty()) fail(document, top.Mark(), "channels must name at least one");
  std::set<std::string> ids;
  for (const Advisory& advisory : recipe.advisories) {
    if (!ids.insert(advisory.id).second)
      fail(document, top.Mark(), "advisory {} is there twice", advisory.id);
  }
}

}  // namespace

std::string url_of(const Document& document, const YAML::Node& node, std::string_view what) {
  std::string text = one_line(document, node, what);
  const bool known =
      text.starts_with("https://") || text.starts_with("http://") || text.starts_with("file:///");
  if (!known || text.find_first_of(" \t\"<>") != std::string::npos) {
    fail(document, node.Mark(), "{} must be a URL with https, http or file, not \"{}\"", what,
         text);
  }
  while (text.back() == '/') text.pop_back();
  return text;
}

std::vector<Advisory> read_advisories(const std::string& path) {
  return with_document(path, [](const Document& document, const YAML::Node& top) {
    std::vector<Advisory> advisories;
    read_list(document, top, "a file of advisories",
              [&](const YAML::Node& n) { advisories.push_back(read_advisory(document, n)); });
    return advisories;
  });
}

RepoRecipe read_repo_section(const Document& document, const YAML::Node& top) {
  RepoRecipe recipe;
  recipe.file = document.name;
  const auto advisories = [&](const YAML::Node& list) {
    for (const std::string& file : path_list(document, list, "advisories")) {
      for (Advisory& advisory : read_advisories(file))
        recipe.advisories.push_back(std::move(advisory));
    }
  };
  read_map(
      document, top, "a repository's recipe",
      {{"name", [&](const YAML::Node& n) { recipe.name = plain_name(document, n, "name"); }, true},
       {"title", [&](const YAML::Node& n) { recipe.title = one_line(document, n, "title"); }, true},
       {"base_url", [&](const YAML::Node& n) { recipe.base_url = url_of(document, n, "base_url"); },
        true},
       {"signing", [&](const YAML::Node& n) { recipe.signing = read_signing(document, n); }},
       {"channels",
        [&](const YAML::Node& list) {
          read_list(document, list, "channels", [&](const YAML::Node& n) {
            recipe.channels.push_back(read_channel(document, n));
          });
        },
        true},
       {"advisories", advisories},
       {"groups",
        [&](const YAML::Node& list) {
          read_list(document, list, "groups",
                    [&](const YAML::Node& n) { recipe.groups.push_back(read_group(document, n)); });
        }},
       {"keep_versions",
        [&](const YAML::Node& n) {
          recipe.keep_versions = number_of(document, n, "keep_versions", 1000000);
        }},
       {"keep_snapshots",
        [&](const YAML::Node& n) {
          recipe.keep_snapshots = number_of(document, n, "keep_snapshots", 1000000);
          if (recipe.keep_snapshots == 0)
            fail(document, n.Mark(), "keep_snapshots must be at least 1: clients read the newest");
        }},
       {"timestamp", [&](const YAML::Node& n) { recipe.timestamp = timestamp_of(document, n); }}});
  check_channels(document, top, recipe);
  return recipe;
}

RepoRecipe read_repo_recipe(const std::string& path) {
  return with_document(path, read_repo_section);
}

}  // namespace kata::recipe
