// SPDX-License-Identifier: Apache-2.0
//
// The engine's ends of a process's standard streams, from what a task request says of them.
#pragma once

#include <string>

#include "runtime/sandbox/stdio_handoff.h"
#include "runtime/sandbox/stdio_pump.h"

namespace kata::shim {

/// "handoff://TOKEN" in `in`: descriptors that were handed over; else fifos (containerd's),
/// "file://" and "null" paths, each opened as its direction needs. Throws Error.
[[nodiscard]] sandbox::StdioFds open_stdio(sandbox::StdioHandoff& handoff, const std::string& in,
                                           const std::string& out, const std::string& err,
                                           bool terminal);

}  // namespace kata::shim
