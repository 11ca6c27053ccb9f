// SPDX-License-Identifier: Apache-2.0
//
// A tree as a squashfs file system, made by squashfs-tools' sqfstar of a tar archive: so owners and
// devices need no privilege.
#pragma once

#include <cstdint>
#include <string>

#include "builder/pipeline/context.h"
#include "builder/recipe/image_recipe.h"
#include "builder/rootfs/disk/disk_file.h"
#include "builder/rootfs/tree.h"

namespace kata::rootfs {

/// Writes the file system at `offset` of the image; its size, a multiple of 4096. `work` holds the
/// archive on the way. Equal trees give equal bytes. Throws Error.
std::uint64_t write_squashfs(const Tree& tree, const recipe::Compression& compression,
                             std::int64_t mtime, const std::string& work, std::uint64_t offset,
                             DiskFile& disk, pipeline::Context& context);

}  // namespace kata::rootfs
