// SPDX-License-Identifier: Apache-2.0
//
// Removing whatever a container has left on the host, in whatever state it is.
#pragma once

#include <string>

#include "runtime/cli/container_store.h"

namespace kata::cli {

/// Ends the relay, ends the sandbox process when no other container of the store is in the sandbox,
/// and then removes mounts, cgroup and folders. Can be repeated. Throws Error when something could
/// not be removed.
void clean_up(const ContainerStore& store, const ContainerRecord& record);

/// The same for a folder without a readable state.json.
void clean_up_folder(const ContainerStore& store, const std::string& id);

/// Whether another container of the store lives in the same sandbox.
[[nodiscard]] bool shares_sandbox(const ContainerStore& store, const ContainerRecord& record);

}  // namespace kata::cli
