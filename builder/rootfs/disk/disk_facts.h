// SPDX-License-Identifier: Apache-2.0
//
// What the runtime must be told of a disk image: keys of the image's manifest, and a drop-in for
// its configuration.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "builder/recipe/image_recipe.h"
#include "builder/rootfs/disk/partition_table.h"
#include "builder/rootfs/disk/verity.h"
#include "runtime/base/json.h"

namespace kata::rootfs {

struct DiskFacts {
  std::vector<Partition> partitions;
  std::optional<Verity> verity;
  std::uint64_t size = 0;
};

/// The disk's own keys of the manifest.
[[nodiscard]] Json disk_manifest(const recipe::ImageRecipe& recipe, const DiskFacts& facts);
/// The text of a drop-in that makes `image` the guest's root.
[[nodiscard]] std::string configuration_drop_in(const recipe::ImageRecipe& recipe,
                                                const DiskFacts& facts, const std::string& image);

}  // namespace kata::rootfs
