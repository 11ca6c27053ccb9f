// SPDX-License-Identifier: Apache-2.0
#include "builder/rootfs/shape/shape.h"

#include "builder/rootfs/shape/accounts.h"
#include "builder/rootfs/shape/files.h"
#include "builder/rootfs/shape/guest_hooks.h"
#include "builder/rootfs/shape/kernel_modules.h"

namespace kata::rootfs {

void shape_tree(const recipe::ImageRecipe& recipe, const std::string& work, Tree& tree,
                pipeline::Context& context) {
  add_overlays(recipe, tree);
  add_accounts(recipe, tree);
  add_files(recipe, tree);
  add_kernel_modules(recipe, work, tree, context.runner);
  add_guest_hooks(recipe, tree);
  set_attributes(recipe, tree);
}

}  // namespace kata::rootfs
