// SPDX-License-Identifier: Apache-2.0
//
// `podman pod restart` makes a pod's first container again while the others still run, which it
// does one after another. A machine ends with all that is in it, so here they end first.
#pragma once

#include <string>

#include "runtime/cli/container_store.h"

namespace kata::cli {

/// Ends and removes the containers of the pod that are left in the machine of an earlier container
/// `id`, which is gone; each gets its stop signal and ten seconds. Does nothing when there are
/// none, or others than the pod's, too. Throws Error when something of them could not be removed.
void end_earlier_pod(const ContainerStore& store, const std::string& id);

}  // namespace kata::cli
