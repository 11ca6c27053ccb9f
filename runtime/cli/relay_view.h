// SPDX-License-Identifier: Apache-2.0
//
// The file systems of a relay: a container's as the host can show them. An engine that enters the
// mount namespace of a container to read or write files there (podman cp) meets the root file
// system and the volumes, which host and guest share; where the guest has something of its own (a
// tmpfs, /dev, /sys) it meets an empty folder that it cannot write to.
#pragma once

#include <string>

#include "runtime/oci/bundle.h"

namespace kata::cli {

/// Moves the calling process, which has one thread, into a mount namespace of its own with the
/// container's root file system as its root, its volumes, and a /proc of the caller's pid
/// namespace. Mount points that do not exist are left out. The volumes are those that the sandbox
/// in `sandbox_dir` has shared with the guest.
void enter_relay_view(const oci::Bundle& bundle, const std::string& sandbox_dir,
                      const std::string& container_id);

}  // namespace kata::cli
