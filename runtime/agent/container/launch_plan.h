// SPDX-License-Identifier: Apache-2.0
//
// What the child is told, made from the spec. The host that sent the spec is not trusted blindly:
// everything is bounded and checked here, before the first side effect.
#pragma once

#include <sys/types.h>

#include <string>

#include "launch.pb.h"

namespace grpc {
class StringUser;
}

namespace kata::agent {

/// The plan for a container's init. `cgroup_path` is its folder, `joins_pidns` says that the
/// sandbox's pid namespace is used. Throws Error(invalid_argument) that names the field.
[[nodiscard]] launch::Plan make_init_plan(const std::string& id, const grpc::Spec& spec,
                                          const grpc::StringUser* names,
                                          const std::string& cgroup_path, bool joins_pidns);
/// The plan for a further process beside the init with that pid. Throws Error(invalid_argument).
[[nodiscard]] launch::Plan make_exec_plan(const std::string& id, const grpc::Spec& spec,
                                          const grpc::Process& process,
                                          const grpc::StringUser* names, pid_t init_pid);
/// "RLIMIT_NOFILE" -> RLIMIT_NOFILE. Throws Error(invalid_argument).
[[nodiscard]] int rlimit_number(const std::string& name);

}  // namespace kata::agent
