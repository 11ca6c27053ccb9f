// SPDX-License-Identifier: Apache-2.0
//
// Removing whatever a container has left on the host, in whatever state it is.
#pragma once

#include <string>
#include <vector>

#include "runtime/cli/container_store.h"

namespace kata::cli {

/// Ends the relay, ends the sandbox process when no other container of the store is in the sandbox,
/// and then removes mounts, cgroup and folders. Can be repeated. Throws Error when something could
/// not be removed.
void clean_up(const ContainerStore& store, const ContainerRecord& record);

/// The same for a folder without a readable state.json. Nothing when other containers' machine is
/// in it: its first container is gone, and the last of them removes it.
void clean_up_folder(const ContainerStore& store, const std::string& id);

/// Containers besides `id` whose sandbox process is in the folder `sandbox_dir`.
[[nodiscard]] std::vector<std::string> sharers(const ContainerStore& store, const std::string& id,
                                               const std::string& sandbox_dir);
/// Whether another container of the store lives in the same sandbox.
[[nodiscard]] bool shares_sandbox(const ContainerStore& store, const ContainerRecord& record);

}  // namespace kata::cli
