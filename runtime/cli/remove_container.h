// SPDX-License-Identifier: Apache-2.0
//
// The steps of `delete`, which `run` shares.
#pragma once

#include "runtime/cli/container_store.h"

namespace kata::cli {

/// Removes a stopped container: in the sandbox process, then on the host. Poststop hooks run either
/// way. Throws Error.
void remove_container(const ContainerStore& store, const ContainerRecord& record);

/// Removes it whatever it is doing and whatever of it is left. Throws Error when something could
/// not be removed.
void force_remove_container(const ContainerStore& store, const std::string& id);

}  // namespace kata::cli
