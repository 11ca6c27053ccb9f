// SPDX-License-Identifier: Apache-2.0
//
// The sandbox process itself: serves one sandbox until its last container is deleted.
#pragma once

#include <string>

namespace kata::shim {

struct ServeOptions {
  std::string id;           ///< the sandbox's
  std::string folder;       ///< its state folder
  std::string config_flag;  ///< --config
  int task_socket = 3;      ///< listening, SOCK_STREAM
  int stdio_socket = 4;     ///< listening, SOCK_SEQPACKET; -1: none (containerd names fifos)
};

/// Runs until Shutdown, SIGTERM or a minute without any container; the exit status. Throws Error
/// when it cannot start.
int serve(const ServeOptions& options);

}  // namespace kata::shim
