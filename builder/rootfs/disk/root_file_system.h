// SPDX-License-Identifier: Apache-2.0
//
// The tree as the file system that the recipe asks for, in its place in the image.
#pragma once

#include <cstdint>
#include <string>

#include "builder/pipeline/context.h"
#include "builder/recipe/image_recipe.h"
#include "builder/rootfs/disk/disk_file.h"
#include "builder/rootfs/image_plan.h"

namespace kata::rootfs {

/// What decides the file system's bytes besides the tree.
[[nodiscard]] std::string root_inputs(const recipe::ImageRecipe& recipe);

/// Whether the guest must unpack files of an erofs.
[[nodiscard]] bool erofs_is_compressed(const recipe::ImageRecipe& recipe) noexcept;
/// What the guest must unpack in a squashfs.
[[nodiscard]] recipe::Compression squashfs_compression(const recipe::ImageRecipe& recipe) noexcept;

/// Writes it at `offset`; its size, a multiple of 4096. `work` is for what must be on disk on the
/// way. Equal trees and recipes give equal bytes. Throws Error.
std::uint64_t write_root(const recipe::ImageRecipe& recipe, const ImagePlan& plan,
                         const std::string& work, std::uint64_t offset, DiskFile& disk,
                         pipeline::Context& context);

}  // namespace kata::rootfs
