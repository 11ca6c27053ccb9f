// SPDX-License-Identifier: Apache-2.0
//
// Resource limits that config.json leaves out. Under runc a container has those of who called the
// runtime: a daemon with LimitNOFILE=1048576 gives its containers as many open files. The guest's
// kernel knows nothing of that; its own are 1024, and 4096 at most.
#pragma once

#include "oci.pb.h"

namespace kata::sandbox {

/// Adds the calling process's limits for the types that `process` does not name. No more open files
/// than a guest's kernel allows for at all (fs.nr_open).
void add_inherited_limits(grpc::Process& process);

}  // namespace kata::sandbox
