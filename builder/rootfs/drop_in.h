// SPDX-License-Identifier: Apache-2.0
//
// What the runtime must be told of an image: a file for its config.d, published beside the image.
#pragma once

#include <string>
#include <string_view>

#include "builder/recipe/image_recipe.h"

namespace kata::rootfs {

inline constexpr const char* kDropInSuffix = ".toml";  ///< in place of the image's own

/// Whether there is more to say than the image's path.
[[nodiscard]] bool needs_drop_in(const recipe::ImageRecipe& recipe) noexcept;
/// Whether a file's text is a drop-in that katabuild wrote.
[[nodiscard]] bool is_drop_in(std::string_view text) noexcept;
/// The file's beginning: the image's path under the format's key and its guest hooks. The format's
/// own keys of [hypervisor.qemu] may follow.
[[nodiscard]] std::string begin_drop_in(const recipe::ImageRecipe& recipe,
                                        const std::string& image);

}  // namespace kata::rootfs
