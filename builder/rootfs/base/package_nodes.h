// SPDX-License-Identifier: Apache-2.0
//
// Which package each file of a tree came in with, and the packages as an SBOM names them.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "builder/recipe/component.h"
#include "builder/rootfs/base/package_lock.h"
#include "builder/rootfs/tree.h"

namespace kata::rootfs {

/// The lock's packages with their package URLs, https://github.com/package-url/purl-spec.
[[nodiscard]] std::vector<recipe::Component> debian_components(const PackageLock& lock,
                                                               const std::string& suite);
[[nodiscard]] std::vector<recipe::Component> rpm_components(const PackageLock& lock);
/// Sets the origins that dpkg's lists of files tell; a tree without them stays as it is. Throws
/// Error.
void name_debian_origins(Tree& tree);
/// Sets one node's origin to "package NAME VERSION", found through the tree's links; nothing
/// happens when there is no such node.
void name_package(Tree& tree, std::string_view path, std::string_view name,
                  std::string_view version);

}  // namespace kata::rootfs
