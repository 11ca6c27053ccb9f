// SPDX-License-Identifier: Apache-2.0
//
// Another root for a process and its mount namespace: a container's in the guest, a relay's on the
// host. See pivot_root(2).
#pragma once

namespace kata {

/// Makes `root`, a descriptor of a mount point, the root of the process and of its mount namespace,
/// which must be its own, with nothing of the old root's left to reach. Where the old root is an
/// initramfs, which cannot be pivoted away from, moves it over "/" instead. Throws Error.
void switch_root(int root);

}  // namespace kata
