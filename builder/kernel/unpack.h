// SPDX-License-Identifier: Apache-2.0
//
// From a source archive to a patched source tree.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "builder/kernel/fetch.h"
#include "builder/kernel/kconfig.h"
#include "builder/kernel/kconfig_expression.h"
#include "builder/pipeline/context.h"
#include "builder/recipe/kernel_recipe.h"

namespace kata::kernel {

/// A kernel source in a work folder, some of it still in its archive.
struct SourceTree {
  std::string top;                    ///< the tree's top folder
  std::string folder;                 ///< where `tarball` is unpacked
  std::string tarball;                ///< where the rest is
  std::vector<std::string> left_out;  ///< folders of which only Kconfig and Makefiles are here
};

/// Unpacks `archive` (for a source RPM: the tarball within it) below `folder` and applies the
/// patches the recipe lists. What an x86_64 build never reads is left out, and so are large folders
/// that no patch touches, until needed_folders() names them: a guest has none of their
/// devices, and where unlinking a file means to tell the disk, their removal takes minutes. Throws
/// Error.
[[nodiscard]] SourceTree unpack_source(const recipe::KernelRecipe& recipe,
                                       const SourceArchive& archive, const std::string& folder,
                                       pipeline::Context& context);

/// Those of `left_out` in which something is switched on by `config`: a symbol that one may choose
/// or that another one selects.
[[nodiscard]] std::vector<std::string> needed_folders(const std::vector<std::string>& left_out,
                                                      const Values& config,
                                                      const KconfigTree& kconfig);

/// Unpacks these of `tree.left_out`, too. Throws Error.
void unpack_folders(SourceTree& tree, const std::vector<std::string>& folders,
                    pipeline::Context& context);

/// Whether a build for x86_64 may need this file; `path` starts with the tree's top folder.
[[nodiscard]] bool is_needed_for_x86(std::string_view path);

}  // namespace kata::kernel
