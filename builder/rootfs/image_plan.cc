// SPDX-License-Identifier: Apache-2.0
#include "builder/rootfs/image_plan.h"

#include "builder/rootfs/base.h"

namespace kata::rootfs {

ImagePlan plan_image(const recipe::ImageRecipe& recipe, const std::string& work,
                     pipeline::Context& context) {
  ImagePlan plan;
  plan.tree = read_base(recipe, work, context);
  plan.agent = install_agent(recipe, work, plan.tree, context.runner);
  add_files(recipe, plan.tree);
  plan.timestamp = pipeline::build_time(context, recipe.timestamp);
  plan.files_sha256 = tree_digest(plan.tree);
  return plan;
}

}  // namespace kata::rootfs
