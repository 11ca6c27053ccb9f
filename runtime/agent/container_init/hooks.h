// SPDX-License-Identifier: Apache-2.0
//
// Hooks of config.json; see OCI runtime-spec, config, "POSIX-platform Hooks".
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "oci.pb.h"

namespace kata::agent {

using HookList = google::protobuf::RepeatedPtrField<grpc::Hook>;

/// Runs them one after the other with what `state` returns on standard input; it is not called when
/// there is none. Throws Error for the first that
/// fails or takes longer than its timeout, with the end of what it wrote to standard error.
void run_hooks(const HookList& hooks, std::string_view kind,
               const std::function<std::string()>& state);
/// The state JSON of the runtime specification.
[[nodiscard]] std::string hook_state(const std::string& id, std::string_view status, int pid,
                                     const std::string& bundle);
/// The same state with status and pid put in: the child knows them only later.
[[nodiscard]] std::string with_pid(const std::string& state, std::string_view status, int pid);

}  // namespace kata::agent
