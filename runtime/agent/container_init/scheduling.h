// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "oci.pb.h"

namespace kata::agent {

/// Applies process.scheduler and process.ioPriority of config.json to this process, which still has
/// all rights. Throws Error.
void apply_scheduling(const grpc::Process& process);

/// Offsets of the clocks for the time namespace that this process's children will be in; see
/// time_namespaces(7). Throws Error.
void set_time_offsets(const grpc::Linux& linux_part);

}  // namespace kata::agent
