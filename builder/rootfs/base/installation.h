// SPDX-License-Identifier: Apache-2.0
//
// What is the same for every package manager that installs a lock's packages into an empty root.
#pragma once

#include <cstdint>
#include <string>

#include "builder/pipeline/context.h"
#include "builder/recipe/image_recipe.h"
#include "builder/rootfs/base/package_lock.h"
#include "builder/rootfs/base/spool.h"
#include "builder/rootfs/sandbox/sandbox_plan.h"
#include "builder/rootfs/tree.h"

namespace kata::rootfs {

/// Runs `install` in a sandbox without a network that has the packages by `bind`; the tree that it
/// has made in kSandboxTree. `work` is a folder for the run. Throws Error with the end of what the
/// package manager said.
[[nodiscard]] Tree install_in_sandbox(const recipe::ImageRecipe& recipe, const PackageLock& lock,
                                      const SandboxBind& bind, const SandboxStep& install,
                                      std::int64_t time, const std::string& work, Spool& spool,
                                      pipeline::Context& context);

}  // namespace kata::rootfs
