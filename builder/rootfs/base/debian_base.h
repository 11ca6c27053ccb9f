// SPDX-License-Identifier: Apache-2.0
//
// Debian packages as what an image starts from: apt chooses and fetches, mmdebstrap installs, the
// latter without a network, from what the lock names.
#pragma once

#include <string>

#include "builder/pipeline/context.h"
#include "builder/recipe/image_recipe.h"
#include "builder/rootfs/base/base_tree.h"
#include "builder/rootfs/base/package_lock.h"
#include "builder/rootfs/base/spool.h"

namespace kata::rootfs {

/// Chooses the packages and fetches them into the cache. Throws Error.
[[nodiscard]] PackageLock choose_debian_packages(const recipe::ImageRecipe& recipe,
                                                 const std::string& work,
                                                 pipeline::Context& context);
/// Fetches what the cache lacks. Throws Error.
void fetch_debian_packages(const recipe::ImageRecipe& recipe, const PackageLock& lock,
                           const std::string& work, pipeline::Context& context);
/// Installs the lock's packages, all of which are in the cache. Equal locks give equal trees.
/// Throws Error.
[[nodiscard]] Base install_debian_packages(const recipe::ImageRecipe& recipe,
                                           const PackageLock& lock, const std::string& work,
                                           Spool& spool, pipeline::Context& context);

}  // namespace kata::rootfs
