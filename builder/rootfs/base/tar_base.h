// SPDX-License-Identifier: Apache-2.0
//
// A tar file as what an image starts from.
#pragma once

#include <string>

#include "builder/recipe/image_recipe.h"
#include "builder/rootfs/base/spool.h"
#include "builder/rootfs/tree.h"

namespace kata::rootfs {

/// Adds the entries of the tar (or cpio) file at `path`, compressed or not; contents go into the
/// spool. Throws Error for a hostile or damaged one, and for one past the limits.
void read_tar_base(const std::string& path, const recipe::ImageLimits& limits, Spool& spool,
                   Tree& tree);

}  // namespace kata::rootfs
