// SPDX-License-Identifier: Apache-2.0
#include "builder/rootfs/asked_plan.h"

#include <fmt/core.h>
#include <unistd.h>

#include <string>
#include <utility>

#include "builder/pipeline/digest.h"

namespace kata::rootfs {
namespace {

constexpr const char* kQuestion = "question";

/// Questions do not wait for each other, nor for a build.
std::string key_of_process() {
  return pipeline::sha256_of_text(fmt::format("question of {}", ::getpid()));
}

pipeline::FileLock lock_of(const pipeline::Context& context) {
  context.cache.remove_stale_work();
  return context.cache.lock(kQuestion, key_of_process(), [] {});
}

ImagePlan without_lock_file(const recipe::ImageRecipe& recipe, const std::string& work,
                            pipeline::Context& context, LockChoice choice) {
  choice.is_kept = false;
  return plan_image(recipe, work, context, choice);
}

}  // namespace

AskedPlan::AskedPlan(const recipe::ImageRecipe& recipe, pipeline::Context& context,
                     LockChoice choice)
    : lock_(lock_of(context)),
      work_(context.cache.work_path(kQuestion, key_of_process())),
      plan_(without_lock_file(recipe, work_.path(), context, std::move(choice))) {}

}  // namespace kata::rootfs
