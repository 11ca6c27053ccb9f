// SPDX-License-Identifier: Apache-2.0
//
// The agent's place in the image: the first process itself, or a service of the base's init.
#pragma once

#include <string>

#include "builder/recipe/image_recipe.h"
#include "builder/rootfs/tree.h"
#include "runtime/base/command.h"

namespace kata::rootfs {

struct InstalledAgent {
  std::string sha256;
  std::string build_id;  ///< of the ELF note; may be empty
  std::uint64_t size = 0;
};

/// Throws Error when the recipe names no agent, or one that is missing, not a program for x86_64,
/// or, in an image without libraries, dynamically linked. To be asked before the base is made,
/// which may take minutes.
void check_agent(const recipe::ImageRecipe& recipe);
/// Puts the agent in, stripped into `work` when the recipe says so. Throws Error as check_agent.
InstalledAgent install_agent(const recipe::ImageRecipe& recipe, const std::string& work, Tree& tree,
                             CommandRunner& runner);

}  // namespace kata::rootfs
