// SPDX-License-Identifier: Apache-2.0
#include "builder/rootfs/base/installation.h"

#include <fmt/core.h>

#include "builder/rootfs/sandbox/sandbox.h"
#include "builder/rootfs/sandbox/tree_exchange.h"
#include "runtime/base/io.h"
#include "runtime/base/path.h"

namespace kata::rootfs {

Tree install_in_sandbox(const recipe::ImageRecipe& recipe, const PackageLock& lock,
                        const SandboxBind& bind, const SandboxStep& install, std::int64_t time,
                        const std::string& work, Spool& spool, pipeline::Context& context) {
  const std::string exchange = join_path(work, "exchange");
  make_directories(exchange);
  SandboxPlan plan = new_sandbox_plan(recipe.limits.size);
  plan.binds = {work_bind(exchange), bind};
  plan.steps = {install, pack_step(time)};
  run_sandbox_checked(
      plan, fmt::format("{}: install {} packages", recipe.file, lock.packages.size()), context);
  Tree tree;
  take_tree(exchange, recipe.limits, "base", spool, tree);
  return tree;
}

}  // namespace kata::rootfs
