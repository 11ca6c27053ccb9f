// SPDX-License-Identifier: Apache-2.0
#include "runtime/oci/state.h"

#include "runtime/base/json.h"
#include "runtime/oci/spec.h"

namespace kata::oci {

std::string_view status_name(Status status) noexcept {
  switch (status) {
    case Status::creating:
      return "creating";
    case Status::created:
      return "created";
    case Status::running:
      return "running";
    case Status::paused:
      return "paused";
    case Status::stopped:
      return "stopped";
  }
  return "unknown";
}

std::string state_json(const State& state, int indent) {
  Json out = {
      {"ociVersion", kSpecVersion}, {"id", state.id}, {"status", status_name(state.status)}};
  if (state.pid > 0) out["pid"] = state.pid;
  out["bundle"] = state.bundle;
  if (!state.annotations.empty()) out["annotations"] = state.annotations;
  return out.dump(indent);
}

}  // namespace kata::oci
