// SPDX-License-Identifier: Apache-2.0
//
// What a kernel has to do with a disk image: it looks whether it finds all of the tree in what is
// to be the guest's root.
#pragma once

#include <cstdint>
#include <string>

#include "builder/pipeline/context.h"
#include "builder/recipe/image_recipe.h"
#include "builder/rootfs/image_plan.h"

namespace kata::rootfs {

/// Mounts the root of the raw image `disk` in libguestfs' appliance and compares every path with
/// the plan's. With no kernel for an appliance, says so and does nothing. Throws Error when the
/// kernel does not mount it or when something is missing.
void check_image(const recipe::ImageRecipe& recipe, const ImagePlan& plan, const std::string& disk,
                 const std::string& work, pipeline::Context& context);

}  // namespace kata::rootfs
