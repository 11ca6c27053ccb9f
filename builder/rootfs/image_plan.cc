// SPDX-License-Identifier: Apache-2.0
#include "builder/rootfs/image_plan.h"

#include <utility>

#include "builder/rootfs/base/base.h"
#include "builder/rootfs/files.h"

namespace kata::rootfs {

ImagePlan plan_image(const recipe::ImageRecipe& recipe, const std::string& work,
                     pipeline::Context& context) {
  ImagePlan plan;
  Base base = read_base(recipe, work, context);
  plan.tree = std::move(base.tree);
  plan.packages = std::move(base.packages);
  plan.agent = install_agent(recipe, work, plan.tree, context.runner);
  add_files(recipe, plan.tree);
  plan.timestamp = pipeline::build_time(context, recipe.timestamp);
  plan.files_sha256 = tree_digest(plan.tree);
  return plan;
}

}  // namespace kata::rootfs
