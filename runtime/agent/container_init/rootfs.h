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
/// Root propagation and a read-only root; to be called inside. Throws Error.
void finish_rootfs(const launch::Plan& plan);

}  // namespace kata::agent
