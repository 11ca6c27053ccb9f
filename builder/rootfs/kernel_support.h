// SPDX-License-Identifier: Apache-2.0
//
// A guest that cannot unpack its initrd stops without a word, so the question is asked here.
#pragma once

#include <string>

#include "builder/recipe/image_recipe.h"

namespace kata::rootfs {

/// Throws Error(invalid_argument) unless the kernel described by `kernel_config` (a .config or a
/// kernel-manifest.json beside its config) unpacks this compression. An empty path is not checked.
void check_kernel_unpacks(const std::string& kernel_config, recipe::CompressionType type);

}  // namespace kata::rootfs
