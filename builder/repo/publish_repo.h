// SPDX-License-Identifier: Apache-2.0
//
// `katabuild repo`: pools to signed repositories. Everything is read, checked and made before the
// first thing a client can see changes; then each repository changes by one rename.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "builder/pipeline/context.h"
#include "builder/pipeline/stage_status.h"
#include "builder/recipe/repo_recipe.h"

namespace kata::repo {

struct PublishOptions {
  std::string root;       ///< the folder that a web server serves as the recipe's base_url
  std::string templates;  ///< folder of the templates
  bool prune = false;     ///< packages that are in no pool leave the repository
  bool rebuild = false;   ///< reads every package again, whatever the published metadata says
  std::vector<std::string> freeze;  ///< names to keep this state by
  /// Names and bytes of files that new snapshots hold besides, in their folder `build`, each with
  /// its signature: how the packages came about.
  std::vector<std::pair<std::string, std::string>> attachments{};
};

struct PublishedChannel {
  std::string name;      ///< "el9/x86_64"
  std::string snapshot;  ///< folder
  std::size_t packages = 0;
  std::size_t added = 0;
  bool up_to_date = false;  ///< nothing had to be published
};

/// Publishes all channels of the recipe; waits for another publisher. Throws Error; then what was
/// published before is as it was.
std::vector<PublishedChannel> publish_repo(const recipe::RepoRecipe& recipe,
                                           const PublishOptions& options,
                                           pipeline::Context& context);

/// What publish_repo would do; nothing is published. Throws Error.
[[nodiscard]] pipeline::StageStatus repo_status(const recipe::RepoRecipe& recipe,
                                                const PublishOptions& options,
                                                pipeline::Context& context);

}  // namespace kata::repo
