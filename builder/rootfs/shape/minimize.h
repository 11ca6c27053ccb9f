// SPDX-License-Identifier: Apache-2.0
//
// What leaves an image again, in the order of recipe::Minimize. Nothing goes that what stays needs.
#pragma once

#include <map>
#include <string>

#include "builder/recipe/image_recipe.h"
#include "builder/rootfs/shape/closure.h"
#include "builder/rootfs/tree.h"

namespace kata::rootfs {

/// Something that was taken away.
struct Removed {
  std::string rule;    ///< "minimize.exclude /usr/share/doc/**"
  std::string origin;  ///< what had brought it in
};

struct MinimizeReport {
  std::map<std::string, Removed> removed;  ///< by path
  std::map<std::string, Reason> kept;      ///< by the closure; empty without minimize.programs
};

/// Takes away what the recipe says. Throws Error(invalid_argument) for a program or library that is
/// not there, and when what stays needs what a rule takes away, naming both.
MinimizeReport minimize(const recipe::ImageRecipe& recipe, Tree& tree);

}  // namespace kata::rootfs
