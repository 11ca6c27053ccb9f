// SPDX-License-Identifier: Apache-2.0
//
// `exec`: another process in a running container.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "oci.pb.h"
#include "runtime/cli/command_line.h"

namespace kata::cli {

struct ExecOptions {
  std::string id;
  std::string process;  ///< a file of JSON; wins over what follows
  bool tty = false;
  std::string user;  ///< UID[:GID]
  std::string cwd;
  std::vector<std::string> env;
  std::vector<std::string> capabilities;
  std::vector<std::string> additional_gids;
  bool detach = false;
  std::string pid_file;
  std::string console_socket;
  bool no_new_privs = false;
  std::string apparmor;
  std::string process_label;
  std::optional<std::int64_t> preserve_fds;
  std::string cgroup;
  bool ignore_paused = false;
  std::vector<std::string> args;
};

/// The process to run: the container's own from config.json with the options over it. Throws
/// Error(invalid_argument).
[[nodiscard]] grpc::Process process_from_options(const ExecOptions& options,
                                                 const grpc::Process& container_process);

/// runc's status when the process could not be started.
inline constexpr int kExecFailed = 255;

/// Describes the verb and its options.
void add_exec(CommandLine& line);
/// Carries it out; the exit status. Throws Error.
int run_exec(const ExecOptions& options, Runtime& runtime);

}  // namespace kata::cli
