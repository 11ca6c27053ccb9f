// SPDX-License-Identifier: Apache-2.0
//
// What a channel's repository shall become, decided and made in memory without writing a byte.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "builder/pipeline/context.h"
#include "builder/repo/channel_folder.h"
#include "builder/repo/package_verifier.h"
#include "builder/repo/pool.h"
#include "builder/repo/publish_repo.h"
#include "builder/repo/repodata.h"
#include "builder/repo/selection.h"
#include "builder/repo/signer.h"

namespace kata::repo {

/// What all channels of one publish share.
struct PlanInputs {
  const recipe::RepoRecipe& recipe;
  const PublishOptions& options;
  const std::string& public_key;  ///< file
  PackageVerifier& verifier;
  PoolMemory& memory;
  pipeline::Context& context;
};

struct ChannelPlan {
  ChannelFolder folder;
  Selection selection;
  Packages to_copy;  ///< those that Packages/ does not hold yet
  Repodata repodata;
  std::string page;  ///< index.html
  std::string sums;  ///< SHA256SUMS
  std::int64_t timestamp = 0;
  std::optional<std::string> current;  ///< the snapshot that holds all this already
};

/// Plans every architecture of a channel. Throws Error.
[[nodiscard]] std::vector<ChannelPlan> plan_channel(const recipe::RepoChannel& channel,
                                                    const PlanInputs& inputs);

}  // namespace kata::repo
