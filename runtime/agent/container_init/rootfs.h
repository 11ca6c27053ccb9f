// SPDX-License-Identifier: Apache-2.0
//
// Making the container's root file system the root, see pivot_root(2).
#pragma once

#include "runtime/base/fd.h"

namespace kata::agent::launch {
class Plan;
}

namespace kata::agent {

/// Cuts the mount namespace off from the guest's and binds the root folder on itself, so that it is
/// a mount of its own; an O_PATH descriptor of it. Throws Error.
[[nodiscard]] UniqueFd prepare_rootfs(const launch::Plan& plan);
/// Makes it the root of the process and of the mount namespace, with nothing of the guest's left to
/// reach. When the guest runs from an initramfs, which cannot be pivoted away from, moves it over
/// "/" instead. Throws Error.
void enter_rootfs(int root);
/// Root propagation and a read-only root; to be called inside. Throws Error.
void finish_rootfs(const launch::Plan& plan);

}  // namespace kata::agent
