// SPDX-License-Identifier: Apache-2.0
//
// Which sandbox a new container goes into: one of its own, its pod's, or that of a container whose
// namespaces it is to share (docker run --network=container:X). Namespaces of a virtual machine are
// shared within that machine or not at all.
#pragma once

#include "runtime/cli/container_store.h"
#include "runtime/oci/annotations.h"

namespace kata::cli {

/// Reads the engine's annotations, then looks for the owners of namespaces that are named by path.
/// Throws Error(unimplemented) when namespaces of several sandboxes are wanted, or another network
/// than the sandbox's.
[[nodiscard]] oci::PodPlace sandbox_place(const grpc::Spec& spec, const std::string& container_id,
                                          const ContainerStore& store);

}  // namespace kata::cli
