// SPDX-License-Identifier: Apache-2.0
//
// The device nodes and links in a container's /dev; see OCI runtime-spec, config-linux, "Default
// Devices".
#pragma once

namespace kata::agent::launch {
class Plan;
}

namespace kata::agent {

/// Makes the spec's and the default devices, the links and /dev/ptmx, unless /dev is a bind from
/// outside. Where mknod(2) is not permitted (user namespace), binds the guest's node instead.
/// Throws Error.
void make_devices(const launch::Plan& plan, int root);

}  // namespace kata::agent
