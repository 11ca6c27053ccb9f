// SPDX-License-Identifier: Apache-2.0
//
// What a container is doing, whether or not its sandbox process is still there to tell.
#pragma once

#include <optional>

#include "runtime/cli/container_store.h"
#include "runtime/cli/shim_client.h"
#include "runtime/oci/state.h"

namespace kata::cli {

struct ContainerStatus {
  oci::Status status = oci::Status::stopped;
  int pid = 0;  ///< of the relay; 0 when stopped
};

/// The sandbox process of the container; nothing when it has ended.
[[nodiscard]] std::optional<ShimClient> connect_shim(const ContainerRecord& record);
/// As connect_shim, but throws Error(failed_precondition) "container not running", which engines
/// look for.
[[nodiscard]] ShimClient connect_running(const ContainerRecord& record);
/// Asks the sandbox process; `stopped` when it has ended or does not know the container.
[[nodiscard]] ContainerStatus query_status(const ContainerRecord& record);
/// The state for hooks.
[[nodiscard]] oci::State oci_state(const ContainerRecord& record, const ContainerStatus& status);

}  // namespace kata::cli
