// SPDX-License-Identifier: Apache-2.0
//
// What every verb gets: the global options and the state directory.
#pragma once

#include <functional>
#include <string>

#include "runtime/base/runtime_folder.h"
#include "runtime/cli/container_store.h"

namespace kata::cli {

struct GlobalOptions {
  std::string root = runtime_folder("kata-runtime");
  std::string log;
  std::string log_format = "text";
  std::string
      config;  ///< --config; the environment's KATA_CONF_FILE is the sandbox process's to read
  std::string rootless;         ///< accepted for engines that give it
  std::string criu;             ///< accepted: there is no checkpoint
  bool systemd_cgroup = false;  ///< accepted: the form of linux.cgroupsPath tells
  bool debug = false;
  bool version = false;
};

struct Runtime {
  explicit Runtime(GlobalOptions options) : globals(std::move(options)), store(globals.root) {}

  GlobalOptions globals;
  ContainerStore store;
};

/// A verb with its options, ready to run; the exit status.
using Action = std::function<int(Runtime&)>;

}  // namespace kata::cli
