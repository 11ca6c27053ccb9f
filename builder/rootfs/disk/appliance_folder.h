// SPDX-License-Identifier: Apache-2.0
//
// An appliance for libguestfs with the guest's own kernel: it starts in a fifth of the time that
// one with a distribution's kernel takes, and what mounts in it mounts in the guest. It holds
// libguestfs' daemon and the few programs of the builder's system that the daemon runs here.
#pragma once

#include <optional>
#include <string>

#include "builder/pipeline/context.h"
#include "builder/recipe/image_recipe.h"

namespace kata::rootfs {

struct ApplianceFolder {
  std::string path;    ///< in the cache; empty: libguestfs shall use the distribution's kernel
  std::string reason;  ///< which kernel and why, for people
};

/// The folder for the kernel that the recipe's `kernel_config` (a kernel manifest) is of, made when
/// the cache has none of the same kernel and programs. Without a manifest, or when the kernel lacks
/// a driver or the system a program, the distribution's kernel is the choice. `work` is for what is
/// half done. Throws Error.
[[nodiscard]] ApplianceFolder find_appliance(const recipe::ImageRecipe& recipe,
                                             const std::string& work, pipeline::Context& context);

/// What the kernel must be told to start from that folder.
[[nodiscard]] std::string appliance_parameters();

}  // namespace kata::rootfs
