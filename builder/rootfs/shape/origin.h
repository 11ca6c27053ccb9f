// SPDX-License-Identifier: Apache-2.0
//
// What a recipe itself puts into an image is told from what its base brought: nobody lists a file
// that he does not want.
#pragma once

#include "builder/rootfs/tree.h"

namespace kata::rootfs {

inline constexpr const char* kFilesOrigin = "files";
inline constexpr const char* kOverlayOrigin = "overlay";
inline constexpr const char* kAccountsOrigin = "users";
inline constexpr const char* kModulesOrigin = "kernel_modules";
inline constexpr const char* kHooksOrigin = "guest_hooks";
inline constexpr const char* kAgentOrigin = "agent";

/// Whether the recipe put this node in by `files`, `overlay`, `guest_hooks` or `agent`.
[[nodiscard]] bool is_of_recipe(const Node& node);

}  // namespace kata::rootfs
