// SPDX-License-Identifier: Apache-2.0
//
// containerd.task.v2.Task: decodes, calls the sandbox, encodes. Spoken by containerd and by our own
// command line.
#pragma once

#include "runtime/shim/service_options.h"
#include "runtime/wire/ttrpc/server.h"

namespace kata::shim {

/// Registers every method; `context` must outlive the server.
void add_task_service(wire::Server& server, ServiceContext& context);

}  // namespace kata::shim
