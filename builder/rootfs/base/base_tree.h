// SPDX-License-Identifier: Apache-2.0
//
// What reading a base gives.
#pragma once

#include <vector>

#include "builder/recipe/component.h"
#include "builder/rootfs/tree.h"

namespace kata::rootfs {

struct Base {
  Tree tree;
  std::vector<recipe::Component> packages;  ///< what a package manager installed in it
};

}  // namespace kata::rootfs
