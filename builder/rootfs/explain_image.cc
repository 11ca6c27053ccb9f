// SPDX-License-Identifier: Apache-2.0
#include "builder/rootfs/explain_image.h"

#include "builder/rootfs/image_plan.h"
#include "builder/rootfs/shape/explain.h"
#include "runtime/base/error.h"
#include "runtime/base/io.h"

namespace kata::rootfs {

std::string explain_image(const recipe::ImageRecipe& recipe, const std::string& path,
                          pipeline::Context& context) {
  if (!path.starts_with('/'))
    throw_error(Code::invalid_argument,
                "explain {}: the path must be absolute within the image, like /usr/bin/tool", path);
  const TempDir work;
  const ImagePlan plan = plan_image(recipe, work.path(), context);
  return explain_path(plan.tree, plan.minimized, path);
}

}  // namespace kata::rootfs
