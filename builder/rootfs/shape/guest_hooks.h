// SPDX-License-Identifier: Apache-2.0
//
// Programs that the agent runs in the guest around every container's life.
#pragma once

#include "builder/recipe/image_recipe.h"
#include "builder/rootfs/tree.h"

namespace kata::rootfs {

/// Where they are in the guest; the runtime's key guest_hook_path names it.
inline constexpr const char* kGuestHookPath = "/usr/share/oci/hooks";

/// Installs the recipe's hooks, in the folders prestart, poststart and poststop. Throws
/// Error(invalid_argument) for another folder, a file beside them, one that cannot be run, and when
/// there is none at all.
void add_guest_hooks(const recipe::ImageRecipe& recipe, Tree& tree);

}  // namespace kata::rootfs
