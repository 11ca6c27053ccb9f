// SPDX-License-Identifier: Apache-2.0
#include "builder/rootfs/base/directory_base.h"

#include <utility>

#include "builder/rootfs/folder.h"

namespace kata::rootfs {

void read_directory_base(const std::string& folder, Tree& tree) {
  read_folder(folder, [&](Node node) {
    node.origin = "base";
    tree.put(std::move(node));
  });
}

}  // namespace kata::rootfs
