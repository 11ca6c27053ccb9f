// SPDX-License-Identifier: Apache-2.0
#include "builder/rootfs/shape/origin.h"

#include <string_view>

namespace kata::rootfs {

bool is_of_recipe(const Node& node) {
  // "overlay site" or "files, over package bash 5.1-2": the first word counts
  const std::string_view origin = node.origin;
  const std::string_view first = origin.substr(0, origin.find_first_of(" ,"));
  return first == kFilesOrigin || first == kOverlayOrigin || first == kHooksOrigin ||
         first == kAgentOrigin;
}

}  // namespace kata::rootfs
