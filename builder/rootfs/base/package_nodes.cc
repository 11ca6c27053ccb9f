// SPDX-License-Identifier: Apache-2.0
#include "builder/rootfs/base/package_nodes.h"

#include <fmt/core.h>

#include <map>
#include <utility>

#include "builder/rootfs/shape/tree_path.h"
#include "runtime/base/path.h"
#include "runtime/base/text.h"

namespace kata::rootfs {
namespace {

constexpr std::string_view kInfo = "var/lib/dpkg/info/";

/// A part of a package URL: everything but letters, digits and "-._~" is escaped, ":" as the
/// specification allows.
std::string purl_part(std::string_view text) {
  std::string part;
  for (const char c : text) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       std::string_view("-._~:").find(c) != std::string_view::npos;
    if (plain)
      part += c;
    else
      part += fmt::format("%{:02X}", static_cast<unsigned char>(c));
  }
  return part;
}

std::string text_of(const Node& node) {
  std::string text;
  read_content(*node.content, node.entry.path, [&](std::string_view part) { text += part; });
  return text;
}

/// Versions by name, from dpkg's status.
std::map<std::string, std::string> versions_of(const Tree& tree) {
  std::map<std::string, std::string> versions;
  const Node* status = tree.find("var/lib/dpkg/status");
  if (status == nullptr || !status->content) return versions;
  std::string name;
  for (const std::string& line : split_text(text_of(*status))) {
    if (line.starts_with("Package: ")) name = line.substr(9);
    if (line.starts_with("Version: ")) versions[name] = line.substr(9);
  }
  return versions;
}

}  // namespace

std::vector<recipe::Component> debian_components(const PackageLock& lock,
                                                 const std::string& suite) {
  std::vector<recipe::Component> components;
  for (const LockedPackage& package : lock.packages) {
    components.push_back(
        {.name = package.name,
         .version = package.version,
         .license = "",
         .purl = fmt::format("pkg:deb/debian/{}@{}?arch={}&distro={}", purl_part(package.name),
                             purl_part(package.version), package.arch, purl_part(suite)),
         .relation = "CONTAINS",
         .sha256 = package.sha256});
  }
  return components;
}

std::vector<recipe::Component> rpm_components(const PackageLock& lock) {
  std::vector<recipe::Component> components;
  for (const LockedPackage& package : lock.packages) {
    const std::size_t colon = package.version.find(':');
    const std::string epoch =
        colon == std::string::npos ? "" : "&epoch=" + package.version.substr(0, colon);
    const std::string version =
        colon == std::string::npos ? package.version : package.version.substr(colon + 1);
    components.push_back({.name = package.name,
                          .version = package.version,
                          .license = "",
                          .purl = fmt::format("pkg:rpm/{}@{}?arch={}{}", purl_part(package.name),
                                              purl_part(version), package.arch, epoch),
                          .relation = "CONTAINS",
                          .sha256 = package.sha256});
  }
  return components;
}

void name_package(Tree& tree, std::string_view path, std::string_view name,
                  std::string_view version) {
  const TreePath place = resolve(tree, path, LastPart::keep);
  if (place.state != TreePath::State::found || place.path.empty()) return;
  Node node = *tree.find(place.path);
  // a folder belongs to many: the first one that is asked stays
  if (node.origin.starts_with("package ")) return;
  node.origin = fmt::format("package {} {}", name, version);
  tree.put(std::move(node));
}

void name_debian_origins(Tree& tree) {
  const std::map<std::string, std::string> versions = versions_of(tree);
  std::vector<std::pair<std::string, std::string>> lists;
  for (auto node = tree.nodes().lower_bound(std::string(kInfo));
       node != tree.nodes().end() && node->first.starts_with(kInfo); ++node) {
    if (!node->first.ends_with(".list") || !node->second.content) continue;
    std::string name = node->first.substr(kInfo.size());
    name = name.substr(0, name.size() - 5);
    lists.emplace_back(name.substr(0, name.find(':')), text_of(node->second));
  }
  for (const auto& [name, text] : lists) {
    const auto version = versions.find(name);
    if (version == versions.end()) continue;
    for (const std::string& path : split_text(text)) {
      if (path.starts_with('/') && path != "/.") name_package(tree, path, name, version->second);
    }
  }
}

}  // namespace kata::rootfs
