// SPDX-License-Identifier: Apache-2.0
//
// A shell of the guest itself for whoever looks for an error: behind a virtio-serial port of its
// own, so that it answers when nothing else does. Only where the host asks for it.
#pragma once

#include <asio/awaitable.hpp>
#include <string_view>

#include "runtime/base/fd.h"

namespace kata::agent {

inline constexpr char kDebugPortName[] = "agent.debug.0";
/// What the host's end gets when the shell has ended: a serial port has no end of file. An
/// application program command of ECMA-48, which terminals do not show.
inline constexpr std::string_view kDebugConsoleEnd = "\x1b_kata-debug-console-end\x1b\\";

/// Waits for the port, then starts a shell each time somebody comes to the host's end. For ever; an
/// image without a shell says so to him.
[[nodiscard]] asio::awaitable<void> serve_debug_console();

/// Runs the first of the image's shells with a terminal whose other side is `port`. Returns when
/// the shell has ended, with kDebugConsoleEnd written, or when the port's other side has gone: then
/// the shell is killed.
[[nodiscard]] asio::awaitable<void> run_debug_shell(UniqueFd port);

}  // namespace kata::agent
