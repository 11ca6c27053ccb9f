// SPDX-License-Identifier: Apache-2.0
//
// What people and package managers read beside the metadata: the .repo files and the HTML pages,
// from the templates under yum-repo/.
#pragma once

#include <span>
#include <string>
#include <unordered_set>
#include <vector>

#include "builder/recipe/repo_recipe.h"
#include "builder/repo/package.h"

namespace kata::repo {

/// The repository's section in a .repo file: "kata"; source packages: "kata-source".
[[nodiscard]] std::string repo_id(const recipe::RepoRecipe& recipe,
                                  const std::string& architecture);
/// The public key's file below the root.
[[nodiscard]] std::string key_name(const recipe::RepoRecipe& recipe);
/// The .repo file of a channel, for all its architectures. Throws Error.
[[nodiscard]] std::string make_repo_file(const recipe::RepoRecipe& recipe,
                                         const recipe::RepoChannel& channel,
                                         const std::string& templates);
/// What the page of one repository tells.
struct PageContent {
  const std::string& release;
  const std::string& architecture;
  const Packages& packages;
  const std::unordered_set<std::string>& sboms;  ///< locations of packages with an SBOM beside them
  const std::vector<std::string>& attachments;   ///< names in the snapshot's folder `build`
};
/// The page of one repository: packages, versions, sizes, changelogs, how to install. Throws Error.
[[nodiscard]] std::string make_packages_page(const recipe::RepoRecipe& recipe,
                                             const PageContent& content,
                                             const std::string& templates);

/// One line of the first page.
struct PageEntry {
  std::string release;
  std::string architecture;
  std::size_t packages = 0;
  std::string release_package;  ///< location of the package with the .repo file; may be empty
  std::vector<std::string> frozen;
};
/// The location of the newest NAME-release-RELEASE; empty when there is none.
[[nodiscard]] std::string find_release_package(const recipe::RepoRecipe& recipe,
                                               const std::string& release,
                                               const Packages& packages);
/// The root's page. Throws Error.
[[nodiscard]] std::string make_root_page(const recipe::RepoRecipe& recipe,
                                         std::span<const PageEntry> entries,
                                         const std::string& fingerprint,
                                         const std::string& templates);

}  // namespace kata::repo
