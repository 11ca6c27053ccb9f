// SPDX-License-Identifier: Apache-2.0
//
// PID 1 inherits every process whose parent has ended. Their zombies are collected here, without
// taking a status away that somebody is waiting for.
#pragma once

#include <sys/types.h>

#include <asio/awaitable.hpp>
#include <functional>

namespace kata::agent {

/// Collects zombies at each SIGCHLD, for ever. `reap_known(pid)` returns true when the pid belongs
/// to a known process, and has then reaped it.
[[nodiscard]] asio::awaitable<void> reap_orphans(std::function<bool(pid_t)> reap_known);

}  // namespace kata::agent
