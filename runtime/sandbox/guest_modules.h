// SPDX-License-Identifier: Apache-2.0
//
// The configuration's kernel_modules as the agent takes them.
#pragma once

#include <string>
#include <vector>

namespace grpc {
class CreateSandboxRequest;
}

namespace kata::sandbox {

/// Adds each line, "NAME PARAMETER=VALUE ...", to the request; empty ones are passed over.
void add_kernel_modules(const std::vector<std::string>& lines, grpc::CreateSandboxRequest& request);

}  // namespace kata::sandbox
