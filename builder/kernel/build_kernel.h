// SPDX-License-Identifier: Apache-2.0
//
// The kernel stage: a recipe in, a bootable kernel in the cache out; and its publication to a
// folder.
#pragma once

#include <string>

#include "builder/pipeline/context.h"
#include "builder/pipeline/stage_status.h"
#include "builder/recipe/artifact.h"
#include "builder/recipe/kernel_recipe.h"

namespace kata::kernel {

/// Builds the kernel, or finds it in the cache. Two calls with equal inputs give equal bytes.
/// Throws Error.
[[nodiscard]] recipe::KernelArtifact build_kernel(const recipe::KernelRecipe& recipe,
                                                  pipeline::Context& context);

/// What build_kernel would do; nothing is built or downloaded.
[[nodiscard]] pipeline::StageStatus kernel_status(const recipe::KernelRecipe& recipe,
                                                  pipeline::Context& context);
/// Puts vmlinux-VERSION, vmlinuz-VERSION, config-VERSION, links without the version,
/// lib/modules/VERSION when the kernel has modules, and kernel-manifest.json into `folder`; the
/// result's paths are there. Throws Error.
recipe::KernelArtifact publish_kernel(const recipe::KernelArtifact& artifact,
                                      const std::string& folder);

}  // namespace kata::kernel
