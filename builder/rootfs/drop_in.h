// SPDX-License-Identifier: Apache-2.0
//
// What the runtime must be told of an image: a file for its config.d, published beside the image.
#pragma once

#include <string>

#include "builder/recipe/image_recipe.h"

namespace kata::rootfs {

/// The file's beginning: the image's path under `key` ("image", "initrd") and its guest hooks. The
/// format's own keys of [hypervisor.qemu] may follow.
[[nodiscard]] std::string begin_drop_in(const recipe::ImageRecipe& recipe, const std::string& key,
                                        const std::string& image);

}  // namespace kata::rootfs
