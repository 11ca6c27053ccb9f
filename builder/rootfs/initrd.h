// SPDX-License-Identifier: Apache-2.0
//
// The format that the kernel unpacks into its first root: a compressed cpio archive.
#pragma once

#include <string>

#include "builder/pipeline/context.h"
#include "builder/recipe/image_recipe.h"
#include "builder/rootfs/image_plan.h"
#include "builder/rootfs/packed_image.h"

namespace kata::rootfs {

/// What decides an initrd's bytes besides its tree.
[[nodiscard]] std::string initrd_inputs(const recipe::ImageRecipe& recipe);

/// Packs the plan's tree below `work`. Equal trees give equal bytes. Says how many extended
/// attributes were left out: an initrd cannot hold them. Throws Error.
[[nodiscard]] PackedImage pack_initrd(const recipe::ImageRecipe& recipe, const ImagePlan& plan,
                                      const std::string& work, pipeline::Context& context);

}  // namespace kata::rootfs
