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
  int starter = 5;          ///< a pipe whose other end its starter holds; -1: none
};

/// Runs until Shutdown, SIGTERM, the starter's end before there is a container, or a minute without
/// any; the exit status. Throws Error when it cannot start.
int serve(const ServeOptions& options);

}  // namespace kata::shim
