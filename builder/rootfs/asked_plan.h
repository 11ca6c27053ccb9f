// SPDX-License-Identifier: Apache-2.0
//
// An image's plan for the sake of a question about it: what --dry-run and --explain ask.
#pragma once

#include "builder/pipeline/cache.h"
#include "builder/pipeline/context.h"
#include "builder/pipeline/file_lock.h"
#include "builder/recipe/image_recipe.h"
#include "builder/rootfs/base/lock_choice.h"
#include "builder/rootfs/image_plan.h"

namespace kata::rootfs {

class AskedPlan {
 public:
  /// Makes the plan. Nothing on disk changes but in the cache: packages that are chosen now are
  /// pinned in no lock file. Throws Error.
  AskedPlan(const recipe::ImageRecipe& recipe, pipeline::Context& context, LockChoice choice = {});
  [[nodiscard]] const ImagePlan& plan() const noexcept { return plan_; }

 private:
  pipeline::FileLock lock_;
  pipeline::WorkFolder work_;  ///< where the plan's files are
  ImagePlan plan_;
};

}  // namespace kata::rootfs
