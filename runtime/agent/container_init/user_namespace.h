// SPDX-License-Identifier: Apache-2.0
//
// What a container in a user namespace of its own needs done by somebody with the guest's rights:
// its root may not mount a sysfs, since the machine owns the network, and the host's file server
// lets it make folders only where its mapped user may.
#pragma once

#include "runtime/base/fd.h"

namespace kata::agent::launch {
class Plan;
}

namespace kata::agent {

/// To be called before the namespaces are entered. Makes the mount points that are missing in the
/// root file system, for the container's root. The sysfs to attach, when the plan has one;
/// otherwise, and for a plan without a new user namespace, an empty descriptor. Throws Error.
[[nodiscard]] UniqueFd prepare_user_namespace(const launch::Plan& plan);

}  // namespace kata::agent
