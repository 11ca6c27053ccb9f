// SPDX-License-Identifier: Apache-2.0
//
// From a source archive to a patched source tree.
#pragma once

#include <string>

#include "builder/kernel/fetch.h"
#include "builder/pipeline/context.h"
#include "builder/recipe/kernel_recipe.h"

namespace kata::kernel {

/// Unpacks `archive` (for a source RPM: the tarball within it) below `folder`, applies the patches
/// the recipe lists and returns the tree's top folder. Files that an x86_64 build never reads are
/// left out. Throws Error.
[[nodiscard]] std::string unpack_source(const recipe::KernelRecipe& recipe,
                                        const SourceArchive& archive, const std::string& folder,
                                        pipeline::Context& context);

/// Whether a build for x86_64 may need this file; `path` starts with the tree's top folder.
[[nodiscard]] bool is_needed_for_x86(std::string_view path);

}  // namespace kata::kernel
