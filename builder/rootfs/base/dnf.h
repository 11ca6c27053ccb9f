// SPDX-License-Identifier: Apache-2.0
//
// dnf as a chooser and fetcher of packages, in a sandbox, since it wants to be root.
#pragma once

#include <string>
#include <vector>

#include "builder/pipeline/context.h"
#include "builder/recipe/image_recipe.h"
#include "builder/rootfs/base/package_lock.h"
#include "builder/rootfs/sandbox/sandbox.h"

namespace kata::rootfs {

class Dnf {
 public:
  /// Works in the new folder `work`. Throws Error when a program or a key is missing.
  Dnf(const recipe::ImageRecipe& recipe, std::string work, pipeline::Context& context);
  /// Reads the repositories' metadata, chooses the base's packages with all that they need, and
  /// fetches them into the cache. Throws Error: a repository is away, a package is not signed or
  /// not there (with the nearest names).
  [[nodiscard]] PackageLock choose();

 private:
  [[nodiscard]] SandboxPlan new_plan() const;
  [[nodiscard]] SandboxStep step(std::vector<std::string> arguments,
                                 const std::string& output) const;
  void write_repositories();
  std::string key_url(const std::string& key, std::size_t number);
  [[noreturn]] void explain(const SandboxResult& result);

  const recipe::ImageRecipe& recipe_;
  const recipe::RpmBase& base_;
  std::string work_;
  pipeline::Context& context_;
  std::vector<SandboxBind> binds_;
};

/// The lines that dnf's repoquery prints for Dnf's purposes: REPOSITORY NAME EPOCH VERSION RELEASE
/// ARCH LOCATION. Throws Error for any other.
[[nodiscard]] std::vector<LockedPackage> packages_of_query(const std::string& output);

}  // namespace kata::rootfs
