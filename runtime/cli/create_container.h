// SPDX-License-Identifier: Apache-2.0
//
// The steps of `create`, which `run` shares: a folder that reserves the id, the sandbox process,
// the relay, standard input and outputs, and the container in its virtual machine. What fails
// undoes all that came before it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "runtime/base/fd.h"
#include "runtime/cli/relay.h"
#include "runtime/cli/runtime.h"

namespace kata::cli {

struct CreateOptions {
  std::string id;
  std::string bundle;  ///< empty: the current folder
  std::string pid_file;
  std::string console_socket;
  bool foreground =
      false;  ///< `run` without --detach: a terminal without --console-socket is the caller's own
  bool no_pivot = false;  ///< accepted: the guest has its own root
  bool no_new_keyring = false;
  std::optional<std::int64_t> preserve_fds;
};

struct CreatedContainer {
  ContainerRecord record;
  Relay relay;      ///< released; killed with this object unless detached
  UniqueFd master;  ///< the pty's, when the container has a terminal and nobody else got it
};

/// Throws Error; then nothing of the container is left. SIGINT, SIGTERM and SIGHUP count as
/// failures.
[[nodiscard]] CreatedContainer create_container(const CreateOptions& options, Runtime& runtime);

/// Writes the pid as engines read it: digits, no newline; a reader sees all or nothing. Nothing for
/// an empty path.
void write_pid_file(const std::string& path, pid_t pid);

/// Logs that the descriptors of --preserve-fds stay behind.
void warn_of_kept_descriptors(const std::optional<std::int64_t>& preserve_fds);

/// Throws Error(invalid_argument) when the terminal, --console-socket and --detach do not fit
/// together, as runc.
void check_console(bool terminal, const std::string& console_socket, bool foreground);

/// Throws Error when the spec asks for the host's network namespace, or for one that is gone.
void check_network(const grpc::Spec& spec);

}  // namespace kata::cli
