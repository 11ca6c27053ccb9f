// SPDX-License-Identifier: Apache-2.0
//
// What the engines' annotations say of a container's place in a pod: containerd's CRI plugin,
// CRI-O, and upstream Kata's own key. A container without them is a sandbox of its own.
#pragma once

#include <string>

#include "oci.pb.h"

namespace kata::oci {

enum class ContainerType {
  single,         ///< no pod: one container, one sandbox
  pod_sandbox,    ///< the pod's first container: its sandbox is created with it
  pod_container,  ///< goes into the sandbox of `sandbox_id`
};

struct PodPlace {
  ContainerType type = ContainerType::single;
  std::string sandbox_id;  ///< the id of the sandbox's first container; for `single` and
                           ///< `pod_sandbox` the container's own
};

/// Reads the annotations. Throws Error(invalid_argument) for an unknown type, or a pod's container
/// without a sandbox id that is a valid container id.
[[nodiscard]] PodPlace pod_place(const grpc::Spec& spec, const std::string& container_id);

}  // namespace kata::oci
