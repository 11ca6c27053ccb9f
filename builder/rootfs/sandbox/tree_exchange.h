// SPDX-License-Identifier: Apache-2.0
//
// A tree on its way into a sandbox and back: as a tar file in the folder /work, which both sides
// see. Devices stay outside, since nobody may make them in a user namespace.
#pragma once

#include <cstdint>
#include <string>

#include "builder/recipe/image_recipe.h"
#include "builder/rootfs/base/spool.h"
#include "builder/rootfs/sandbox/sandbox_plan.h"
#include "builder/rootfs/tree.h"

namespace kata::rootfs {

inline constexpr const char* kSandboxWork = "/work";

/// The folder `work` of the builder as /work, to be written to.
[[nodiscard]] SandboxBind work_bind(const std::string& work);
/// Writes the tree into the folder, for unpack_step(). Throws Error.
void put_tree(const Tree& tree, const std::string& work);
/// Fills kSandboxTree with what put_tree() wrote.
[[nodiscard]] SandboxStep unpack_step(std::int64_t timestamp);
/// Packs kSandboxTree into the folder.
[[nodiscard]] SandboxStep pack_step(std::int64_t timestamp);
/// What pack_step() packed, every node of this origin. Throws Error, past the limits too.
void take_tree(const std::string& work, const recipe::ImageLimits& limits,
               const std::string& origin, Spool& spool, Tree& tree);

}  // namespace kata::rootfs
