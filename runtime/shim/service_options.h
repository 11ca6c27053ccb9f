// SPDX-License-Identifier: Apache-2.0
//
// What the services of the sandbox process share: the sandbox, the descriptors that were handed
// over, and how to end.
#pragma once

#include <sys/types.h>

#include <functional>
#include <map>
#include <string>
#include <utility>

#include "runtime/sandbox/sandbox.h"
#include "runtime/sandbox/stdio_handoff.h"

namespace kata::shim {

struct ServiceContext {
  sandbox::Sandbox& sandbox;
  sandbox::StdioHandoff& handoff;
  /// Ends the process a moment later, so that the answer still leaves.
  std::function<void()> end_soon;
  /// Relays named before their container was created: {container id, exec id} -> pid.
  std::map<std::pair<std::string, std::string>, pid_t> early_relays{};
};

}  // namespace kata::shim
