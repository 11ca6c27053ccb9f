// SPDX-License-Identifier: Apache-2.0
#include "builder/rootfs/image_plan.h"

#include <utility>

#include "builder/pipeline/digest.h"
#include "builder/rootfs/agent_install.h"
#include "builder/rootfs/base/base.h"
#include "builder/rootfs/run_commands.h"
#include "builder/rootfs/shape/shape.h"

namespace kata::rootfs {

ImagePlan plan_image(const recipe::ImageRecipe& recipe, const std::string& work,
                     pipeline::Context& context, const LockChoice& choice) {
  check_agent(recipe);
  ImagePlan plan;
  Base base = read_base(recipe, work, context, choice);
  plan.tree = std::move(base.tree);
  plan.packages = std::move(base.packages);
  shape_tree(recipe, work, plan.tree, context);
  plan.agent = install_agent(recipe, work, plan.tree, context.runner);
  run_commands(recipe, plan.tree, context);
  plan.minimized = minimize(recipe, plan.tree);
  plan.timestamp = pipeline::build_time(context, recipe.timestamp);
  plan.digests = take_digests(plan.tree, pipeline::sha256_of_text(recipe.file + "\n" + recipe.name),
                              context.cache, context.jobs);
  plan.files_sha256 = tree_digest(plan.tree);
  return plan;
}

}  // namespace kata::rootfs
