// SPDX-License-Identifier: Apache-2.0
//
// Starting the sandbox process: with its listening sockets already there, so that nobody has to
// wait for it.
#pragma once

#include <string>
#include <utility>

#include "runtime/base/command.h"
#include "runtime/base/error.h"

namespace kata::cli {

struct ShimOptions {
  std::string sandbox_id;
  std::string folder;  ///< ROOT/ID; the sockets and shim.log are made in it
  std::string config;  ///< --config; empty: none
  bool debug = false;
};

/// Starts `containerd-shim-kata-v2 serve`. The child is the caller's until detached. Throws Error.
[[nodiscard]] ChildProcess start_shim(const ShimOptions& options);

/// The program: beside this one, else in PATH. Throws Error(not_found) that says where it was
/// looked for.
[[nodiscard]] std::string shim_program();

/// The last lines of FOLDER/shim.log, joined; empty when there are none.
[[nodiscard]] std::string shim_log_tail(const std::string& folder);

/// Runs `body`; when it throws because the sandbox process is gone, the error tells the end of its
/// log.
template <typename Body>
decltype(auto) with_shim_log(const std::string& folder, Body&& body) {
  try {
    return std::forward<Body>(body)();
  } catch (const Error& error) {
    // Errors that the sandbox process itself has answered speak for themselves.
    if (error.code() != Code::unavailable && error.err() == 0) throw;
    const std::string tail = shim_log_tail(folder);
    if (tail.empty()) throw;
    throw Error(error.code(), fmt::format("{}; the sandbox process said: {}", error.what(), tail));
  }
}

}  // namespace kata::cli
