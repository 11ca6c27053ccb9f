// SPDX-License-Identifier: Apache-2.0
//
// A container image as what a guest's image starts from.
#pragma once

#include "builder/recipe/image_recipe.h"
#include "builder/rootfs/base/oci_image.h"
#include "builder/rootfs/base/spool.h"
#include "builder/rootfs/tree.h"

namespace kata::rootfs {

/// Lays the image's layers over each other, each checked against both its digests; contents go into
/// the spool. Throws Error for a hostile or damaged one, and for one past the limits.
void unpack_oci_image(const OciImage& image, const recipe::ImageLimits& limits, Spool& spool,
                      Tree& tree);

}  // namespace kata::rootfs
