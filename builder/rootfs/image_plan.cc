// SPDX-License-Identifier: Apache-2.0
#include "builder/rootfs/image_plan.h"

#include <utility>

#include "builder/rootfs/base/base.h"
#include "builder/rootfs/shape/shape.h"

namespace kata::rootfs {

ImagePlan plan_image(const recipe::ImageRecipe& recipe, const std::string& work,
                     pipeline::Context& context) {
  ImagePlan plan;
  Base base = read_base(recipe, work, context);
  plan.tree = std::move(base.tree);
  plan.packages = std::move(base.packages);
  shape_tree(recipe, work, plan.tree, context);
  plan.agent = install_agent(recipe, work, plan.tree, context.runner);
  plan.minimized = minimize(recipe, plan.tree);
  plan.timestamp = pipeline::build_time(context, recipe.timestamp);
  plan.files_sha256 = tree_digest(plan.tree);
  return plan;
}

}  // namespace kata::rootfs
