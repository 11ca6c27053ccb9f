// SPDX-License-Identifier: Apache-2.0
//
// Where the kernel's source is: a distribution's package, a file, or a download.
#pragma once

#include <string>

#include "builder/pipeline/context.h"
#include "builder/recipe/kernel_recipe.h"

namespace kata::kernel {

struct SourceArchive {
  std::string path;
  std::string sha256;
};

/// Finds or downloads the archive and checks its digest. `package_folder` is where packages put
/// sources. Throws Error that says how to get what is missing.
[[nodiscard]] SourceArchive fetch_source(const recipe::KernelSource& source,
                                         pipeline::Context& context,
                                         const std::string& package_folder = "/usr/src");

/// Whether fetch_source would do without a download.
[[nodiscard]] bool source_is_here(const recipe::KernelSource& source,
                                  const pipeline::Context& context);

}  // namespace kata::kernel
