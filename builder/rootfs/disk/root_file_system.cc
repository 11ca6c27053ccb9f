// SPDX-License-Identifier: Apache-2.0
#include "builder/rootfs/disk/root_file_system.h"

#include <fmt/core.h>

#include "builder/rootfs/disk/erofs_image.h"
#include "builder/rootfs/disk/ext4_image.h"
#include "builder/rootfs/disk/squashfs_image.h"
#include "builder/rootfs/disk/uuid.h"
#include "builder/rootfs/disk/xfs_image.h"

namespace kata::rootfs {
namespace {

using recipe::CompressionType;
using recipe::FileSystem;
using recipe::ImageRecipe;

/// lz4's level; 0: not compressed.
int erofs_level(const ImageRecipe& recipe) noexcept {
  constexpr int kDefault = 9;
  if (recipe.disk.dax) return 0;  // the guest maps the blocks as they are
  if (!recipe.compression.is_given) return kDefault;
  if (recipe.compression.type == CompressionType::none) return 0;
  return recipe.compression.level > 0 ? recipe.compression.level : kDefault;
}

}  // namespace

bool erofs_is_compressed(const ImageRecipe& recipe) noexcept { return erofs_level(recipe) > 0; }

recipe::Compression squashfs_compression(const ImageRecipe& recipe) noexcept {
  return recipe.compression.is_given ? recipe.compression
                                     : recipe::Compression{.type = CompressionType::zstd};
}

std::string root_inputs(const ImageRecipe& recipe) {
  const recipe::Disk& disk = recipe.disk;
  const std::string name = recipe::file_system_name(disk.filesystem);
  if (disk.filesystem == FileSystem::erofs)
    return fmt::format("{} lz4 {} dax {}", name, erofs_level(recipe), disk.dax);
  if (disk.filesystem == FileSystem::squashfs) {
    const recipe::Compression compression = squashfs_compression(recipe);
    return fmt::format("{} {} {}", name, recipe::compression_name(compression.type),
                       compression.level);
  }
  return fmt::format("{} free {}% {}", name, disk.free_percent, disk.free_bytes);
}

std::uint64_t write_root(const ImageRecipe& recipe, const ImagePlan& plan, const std::string& work,
                         std::uint64_t offset, DiskFile& disk, pipeline::Context& context) {
  const Uuid uuid = derived_uuid(plan.files_sha256, "file system");
  if (recipe.disk.filesystem == FileSystem::erofs) {
    return write_erofs(plan.tree,
                       {.lz4_level = erofs_level(recipe),
                        .dax = recipe.disk.dax,
                        .mtime = plan.timestamp,
                        .uuid = uuid,
                        .jobs = context.jobs},
                       offset, disk);
  }
  if (recipe.disk.filesystem == FileSystem::squashfs) {
    return write_squashfs(plan.tree, squashfs_compression(recipe), plan.timestamp, work, offset,
                          disk, context);
  }
  if (recipe.disk.filesystem == FileSystem::ext4) {
    const std::uint64_t size =
        ext4_size(plan.tree, recipe.disk.free_percent, recipe.disk.free_bytes);
    write_ext4(plan.tree, {.size = size, .mtime = plan.timestamp, .uuid = uuid}, offset, disk);
    return size;
  }
  const std::uint64_t size = xfs_size(plan.tree, recipe.disk.free_percent, recipe.disk.free_bytes);
  write_xfs(plan.tree, {.size = size, .mtime = plan.timestamp, .uuid = uuid}, offset, disk);
  return size;
}

}  // namespace kata::rootfs
