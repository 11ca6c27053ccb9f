// SPDX-License-Identifier: Apache-2.0
#include "runtime/oci/annotations.h"

#include <array>

#include "runtime/base/error.h"
#include "runtime/base/path.h"

namespace kata::oci {
namespace {

struct Keys {
  const char* type;
  const char* sandbox_id;
};

/// containerd's CRI plugin, CRI-O, dockershim's CRI (Kubernetes before 1.24 with Docker).
constexpr std::array<Keys, 3> kKeys = {{
    {"io.kubernetes.cri.container-type", "io.kubernetes.cri.sandbox-id"},
    {"io.kubernetes.cri-o.ContainerType", "io.kubernetes.cri-o.SandboxID"},
    {"io.kubernetes.docker.type", "io.kubernetes.sandbox.id"},
}};

}  // namespace

PodPlace pod_place(const grpc::Spec& spec, const std::string& container_id) {
  const auto& annotations = spec.annotations();
  for (const Keys& keys : kKeys) {
    const auto type = annotations.find(keys.type);
    if (type == annotations.end()) continue;
    if (type->second == "sandbox" || type->second == "podsandbox") {
      return {ContainerType::pod_sandbox, container_id};
    }
    if (type->second != "container") {
      throw_error(Code::invalid_argument, "annotation {}: \"{}\" is neither sandbox nor container",
                  keys.type, type->second);
    }
    const auto sandbox = annotations.find(keys.sandbox_id);
    if (sandbox == annotations.end() || sandbox->second.empty()) {
      throw_error(Code::invalid_argument,
                  "annotation {} says container, but {} does not say of which sandbox", keys.type,
                  keys.sandbox_id);
    }
    in_context([&] { check_container_id(sandbox->second); }, "annotation {}", keys.sandbox_id);
    return {ContainerType::pod_container, sandbox->second};
  }
  return {ContainerType::single, container_id};
}

}  // namespace kata::oci
