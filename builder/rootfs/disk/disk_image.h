// SPDX-License-Identifier: Apache-2.0
//
// A disk image: partition table, root file system, hash tree, as raw or qcow2.
#pragma once

#include <string>

#include "builder/pipeline/context.h"
#include "builder/recipe/image_recipe.h"
#include "builder/rootfs/image_plan.h"
#include "builder/rootfs/packed_image.h"

namespace kata::rootfs {

/// What decides a disk image's bytes besides its tree.
[[nodiscard]] std::string disk_inputs(const recipe::ImageRecipe& recipe);

/// Packs the plan's tree below `work`; `output` is where the image will be, for the drop-in of the
/// runtime's configuration that comes with it. Throws Error.
[[nodiscard]] PackedImage pack_disk(const recipe::ImageRecipe& recipe, const ImagePlan& plan,
                                    const std::string& output, const std::string& work,
                                    pipeline::Context& context);

}  // namespace kata::rootfs
