// SPDX-License-Identifier: Apache-2.0
#include "builder/rootfs/explain_image.h"

#include "builder/rootfs/asked_plan.h"
#include "builder/rootfs/shape/explain.h"
#include "runtime/base/error.h"

namespace kata::rootfs {

std::string explain_image(const recipe::ImageRecipe& recipe, const std::string& path,
                          pipeline::Context& context, const LockChoice& choice) {
  if (!path.starts_with('/'))
    throw_error(Code::invalid_argument,
                "explain {}: the path must be absolute within the image, like /usr/bin/tool", path);
  const AskedPlan asked(recipe, context, choice);
  return explain_path(asked.plan().tree, asked.plan().minimized, path);
}

}  // namespace kata::rootfs
