// SPDX-License-Identifier: Apache-2.0
#include "builder/repo/selection.h"

#include <algorithm>
#include <map>

#include "runtime/base/error.h"

namespace kata::repo {

bool fits_architecture(const Package& package, const std::string& architecture) {
  if (package.arch == "src" || package.arch == "nosrc") return architecture == "src";
  return package.arch == architecture || (package.arch == "noarch" && architecture != "src");
}

Selection select_packages(std::span<const PoolPackage> pool, const Packages& published,
                          std::uint64_t keep_versions) {
  std::unordered_map<std::string, PackagePtr> by_location;
  Selection selection;
  for (const PackagePtr& package : published) by_location.emplace(package->location, package);
  for (const PoolPackage& candidate : pool) {
    const std::string& location = candidate.package->location;
    const auto [place, is_new] = by_location.emplace(location, candidate.package);
    if (!is_new && place->second->sha256 != candidate.package->sha256) {
      const auto other = selection.sources.find(location);
      throw_error(Code::failed_precondition,
                  "publish package {} from {}: {} has the same name and version but other bytes: "
                  "raise the release of the new one, or remove it",
                  nevra(*candidate.package), candidate.path,
                  other != selection.sources.end() ? other->second
                                                   : "the published " + nevra(*place->second));
    }
    selection.sources.emplace(location, candidate.path);
  }
  selection.packages.reserve(by_location.size());
  for (auto& [location, package] : by_location) selection.packages.push_back(std::move(package));
  std::sort(selection.packages.begin(), selection.packages.end(),
            [](const PackagePtr& a, const PackagePtr& b) { return comes_before(*a, *b); });
  if (keep_versions == 0) return selection;

  Packages kept;
  std::map<std::pair<std::string, std::string>, std::pair<std::uint64_t, PackagePtr>> seen;
  for (const PackagePtr& package : selection.packages) {
    auto& [count, newest] = seen[{package->name, package->arch}];
    if (newest == nullptr || compare_versions(*newest, *package) != 0) ++count;
    newest = package;
    if (count > keep_versions) {
      selection.sources.erase(package->location);
    } else {
      kept.push_back(package);
    }
  }
  selection.packages = std::move(kept);
  return selection;
}

}  // namespace kata::repo
