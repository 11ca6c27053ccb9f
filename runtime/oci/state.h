// SPDX-License-Identifier: Apache-2.0
//
// The state of a container as the OCI runtime specification defines it (runtime.md, "State"): the
// answer of `state`, and what hooks get on standard input.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "oci.pb.h"

namespace kata::oci {

enum class Status { creating, created, running, paused, stopped };

/// "creating", "created", ...
[[nodiscard]] std::string_view status_name(Status status) noexcept;

struct State {
  std::string id;
  Status status = Status::creating;
  int pid = 0;  ///< 0: no process
  std::string bundle;
  std::map<std::string, std::string> annotations;
};

/// The specification's JSON. `pid` is left out when it is 0, `annotations` when there are none.
[[nodiscard]] std::string state_json(const State& state, int indent = -1);

}  // namespace kata::oci
