// SPDX-License-Identifier: Apache-2.0
//
// A guest that cannot unpack its initrd or mount its root stops without a word, so the question is
// asked here.
#pragma once

#include <string>

#include "builder/recipe/image_recipe.h"

namespace kata::rootfs {

/// Throws Error(invalid_argument) unless the kernel described by `kernel_config` (a .config or a
/// kernel-manifest.json beside its config) unpacks this compression. An empty path is not checked.
void check_kernel_unpacks(const std::string& kernel_config, recipe::CompressionType type);

/// Throws Error(invalid_argument) unless the kernel that the recipe's `kernel_config` describes has
/// all that the disk image needs: disk, partition table, file system, dm-verity, DAX. An empty path
/// is not checked.
void check_kernel_mounts(const recipe::ImageRecipe& recipe);

/// Throws Error(invalid_argument) when the recipe has modules that the kernel that its
/// `kernel_config` describes would not load: it loads none, or they are of another version. An
/// empty path is not checked.
void check_kernel_loads(const recipe::ImageRecipe& recipe);

/// The first symbol that libguestfs' appliance needs and that the kernel does not have; empty: it
/// has all. The recipe's `kernel_config` is not empty. Throws Error when it cannot be read.
[[nodiscard]] std::string missing_appliance_driver(const recipe::ImageRecipe& recipe);

}  // namespace kata::rootfs
