// SPDX-License-Identifier: Apache-2.0
#include "runtime/cli/shim_process.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <optional>

#include "runtime/base/io.h"
#include "runtime/base/path.h"

namespace kata::cli {
namespace {

constexpr const char* kProgram = "containerd-shim-kata-v2";
constexpr std::size_t kTailLines = 8;
constexpr std::size_t kTailBytes = 2048;

}  // namespace

std::string shim_program() {
  std::error_code error;
  const std::string self = std::filesystem::read_symlink("/proc/self/exe", error).string();
  if (!error) {
    const std::string beside = join_path(parent_path(self), kProgram);
    if (::access(beside.c_str(), X_OK) == 0) return beside;
  }
  if (const std::optional<std::string> found = find_program(kProgram)) return *found;
  throw_error(Code::not_found,
              "{} is neither beside {} nor in PATH: install the package kata-runtime whole",
              kProgram, self);
}

ChildProcess start_shim(const ShimOptions& options) {
  const std::string program = shim_program();
  const UniqueFd task_socket = listen_unix(join_path(options.folder, "shim.sock"), SOCK_STREAM);
  const UniqueFd stdio_socket =
      listen_unix(join_path(options.folder, "stdio.sock"), SOCK_SEQPACKET);
  const UniqueFd log =
      open_file(join_path(options.folder, "shim.log"), O_WRONLY | O_CREAT | O_APPEND, 0600);
  Command command;
  command.argv = {program, "serve", "--id", options.sandbox_id, "--dir", options.folder};
  if (!options.config.empty())
    command.argv.insert(command.argv.end(), {"--config", options.config});
  if (options.debug) command.argv.emplace_back("--debug");
  // Closed by the kernel when this process ends, however it does: by it the other knows.
  static UniqueFd held;
  Pipe starter = make_pipe();
  held = std::move(starter.write);
  command.fds = {{1, log.get()},
                 {2, log.get()},
                 {3, task_socket.get()},
                 {4, stdio_socket.get()},
                 {5, starter.read.get()}};
  command.cwd = "/";
  command.new_session = true;
  command.die_with_parent = false;
  return in_context([&] { return spawn(command); }, "start the sandbox process");
}

std::string shim_log_tail(const std::string& folder) {
  std::optional<std::string> text;
  ignore_error([&] { text = read_file_if_exists(join_path(folder, "shim.log")); },
               "no log, no tail");
  if (!text) return {};
  std::string_view rest = *text;
  while (rest.ends_with('\n')) rest.remove_suffix(1);
  std::size_t lines = 0;
  std::size_t begin = rest.size();
  while (begin > 0 && rest.size() - begin < kTailBytes) {
    if (rest[begin - 1] == '\n' && ++lines == kTailLines) break;
    --begin;
  }
  std::string tail(rest.substr(begin));
  std::replace(tail.begin(), tail.end(), '\n', ' ');
  return tail;
}

}  // namespace kata::cli
