// SPDX-License-Identifier: Apache-2.0
//
// APT as a chooser and fetcher of packages: as an ordinary user, in a folder of its own, with
// nothing of the builder's configuration but how it reaches the network.
#pragma once

#include <string>
#include <vector>

#include "builder/pipeline/context.h"
#include "builder/recipe/image_recipe.h"
#include "builder/rootfs/base/package_lock.h"

namespace kata::rootfs {

class Apt {
 public:
  /// Works in the new folder `work`. Throws Error when a program is missing.
  Apt(const recipe::DebianBase& base, std::string work, pipeline::Context& context);
  /// Reads the repositories' lists and chooses the base's packages with all that they need. Throws
  /// Error: a repository is away or not signed, a package is not there (with the nearest names).
  [[nodiscard]] PackageLock choose();
  /// Fetches packages into the cache. Throws Error.
  void fetch(const std::vector<LockedPackage>& packages);

 private:
  CommandResult run(std::vector<std::string> argv) const;
  void update();
  [[noreturn]] void explain_choice(const CommandResult& result);

  const recipe::DebianBase& base_;
  std::string work_;
  pipeline::Context& context_;
};

/// What the base's packages are asked of: lines of sources.list(5). Without mirrors in the recipe
/// those of the builder's apt, whose configuration is in `folder`. Throws Error when there are
/// none.
[[nodiscard]] std::vector<std::string> apt_sources(const recipe::DebianBase& base,
                                                   const std::string& folder = "/etc/apt");
/// What `apt-get --print-uris` prints. Throws Error for a line without a SHA-256.
[[nodiscard]] std::vector<LockedPackage> packages_of_uris(const std::string& output);

}  // namespace kata::rootfs
