// SPDX-License-Identifier: Apache-2.0
//
// Tells programs in the guest that watch files of the host what the host has done to them: a
// process beside the agent, since a file system whose server hangs would hang the agent.
#pragma once

#include <asio/any_io_executor.hpp>
#include <asio/awaitable.hpp>
#include <functional>

namespace kata::agent {

/// The agent's argument that makes it that process.
inline constexpr char kTellChanges[] = "--tell-changes";
/// What it does: looks once a second at what is watched, and ends when nothing has been for a
/// while.
int tell_changes_main();

/// Asks the kernel once a second whether a program watches a file of the host, and has that process
/// run as long as one does. Ends when `wanted` is false, when the kernel cannot tell anybody and
/// where nothing is shared. Throws Error.
[[nodiscard]] asio::awaitable<void> look_for_watchers(std::function<bool()> wanted);

}  // namespace kata::agent
