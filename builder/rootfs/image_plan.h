// SPDX-License-Identifier: Apache-2.0
//
// From a recipe to the tree that will be packed: the stage's steps, in order. What the image's
// format is makes no difference here.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "builder/pipeline/context.h"
#include "builder/recipe/component.h"
#include "builder/recipe/image_recipe.h"
#include "builder/rootfs/agent_install.h"
#include "builder/rootfs/base/lock_choice.h"
#include "builder/rootfs/content_digests.h"
#include "builder/rootfs/shape/minimize.h"
#include "builder/rootfs/tree.h"

namespace kata::rootfs {

struct ImagePlan {
  Tree tree;
  InstalledAgent agent;
  std::vector<recipe::Component> packages;  ///< what the base's package manager installed
  MinimizeReport minimized;                 ///< what was taken away, and what for the rest stays
  std::int64_t timestamp = 0;               ///< of every file
  ContentDigests digests;                   ///< of every file in the tree
  std::string files_sha256;                 ///< of the tree
};

/// Everything but the packing; what it needs on disk is below `work`, which must stay until the
/// image is packed. Unprivileged. Throws Error.
[[nodiscard]] ImagePlan plan_image(const recipe::ImageRecipe& recipe, const std::string& work,
                                   pipeline::Context& context, const LockChoice& choice = {});

}  // namespace kata::rootfs
