// SPDX-License-Identifier: Apache-2.0
#include "runtime/cli/debug_console.h"

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <memory>

#include "runtime/base/error.h"
#include "runtime/base/fd.h"
#include "runtime/base/io.h"
#include "runtime/base/path.h"
#include "runtime/cli/console.h"
#include "runtime/cli/status.h"

namespace kata::cli {
namespace {

// As the agent writes it (runtime/agent/init/debug_console.h)
constexpr std::string_view kEnd = "\x1b_kata-debug-console-end\x1b\\";
constexpr const char* kSocketName = "debug-console.sock";
constexpr char kLeave = '\x1d';       // Ctrl-]
constexpr char kEndOfInput = '\x04';  // Ctrl-D
// In milliseconds: a shell that is just about to change its terminal's mode loses it
constexpr int kEndOfInputAgain = 1000;

UniqueFd connect_console(const ContainerRecord& record) {
  const std::string path = join_path(record.sandbox_dir, kSocketName);
  try {
    return connect_unix(path, SOCK_STREAM);
  } catch (const Error& error) {
    if (error.code() != Code::not_found) throw;
    throw_error(Code::failed_precondition,
                "container {} has no debug console: set debug_console_enabled = true in "
                "[agent.kata] of the configuration (or the annotation "
                "io.katacontainers.config.agent.debug_console_enabled), and create it again",
                record.id);
  }
}

/// What is there to be read; empty at the end.
std::string read_some(int fd) {
  char buffer[4096];
  for (;;) {
    const ssize_t count = ::read(fd, buffer, sizeof buffer);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return {};
    return {buffer, static_cast<std::size_t>(count)};
  }
}

/// Until the shell, the machine or the user ends it.
void talk(int console) {
  ConsoleOutput output;
  bool input_open = true;
  while (!output.has_ended()) {
    pollfd entries[] = {{console, POLLIN, 0}, {input_open ? STDIN_FILENO : -1, POLLIN, 0}};
    const int ready = ::poll(entries, 2, input_open ? -1 : kEndOfInputAgain);
    if (ready < 0 && errno != EINTR) throw_errno(errno, "wait for the console");
    if (ready == 0) write_all(console, std::string_view(&kEndOfInput, 1));
    if (ready <= 0) continue;
    if (entries[0].revents != 0) {
      const std::string text = read_some(console);
      if (text.empty()) return;
      write_all(STDOUT_FILENO, output.take(text));
    }
    if (entries[1].revents != 0) {
      const std::string text = read_some(STDIN_FILENO);
      const std::size_t leave = text.find(kLeave);
      input_open = !text.empty();
      write_all(console, input_open ? std::string_view(text).substr(0, leave)
                                    : std::string_view(&kEndOfInput, 1));
      if (leave != std::string::npos) return;
    }
  }
}

}  // namespace

std::string ConsoleOutput::take(std::string_view text) {
  if (has_ended_) return {};
  held_ += text;
  const std::size_t end = held_.find(kEnd);
  has_ended_ = end != std::string::npos;
  std::size_t shown = has_ended_ ? end : held_.size();
  if (!has_ended_) {
    for (std::size_t length = std::min(kEnd.size() - 1, held_.size()); length > 0; --length) {
      if (!held_.ends_with(kEnd.substr(0, length))) continue;
      shown -= length;
      break;
    }
  }
  std::string ready = held_.substr(0, shown);
  held_.erase(0, shown);
  return ready;
}

void add_debug_console(CommandLine& line) {
  const auto options = std::make_shared<DebugConsoleOptions>();
  Verb verb = line.verb("debug-console", "Open a shell in the guest of a container");
  verb.id(options->id);
  verb.run([options](Runtime& runtime) { return run_debug_console(*options, runtime); });
}

int run_debug_console(const DebugConsoleOptions& options, Runtime& runtime) {
  const ContainerRecord record = runtime.store.get(options.id);
  (void)connect_running(record);  // says better than a socket could that the machine is gone
  const UniqueFd console = connect_console(record);
  if (::isatty(STDIN_FILENO) != 0) std::fputs("The guest's shell; Ctrl-] leaves it.\r\n", stderr);
  const RawTerminal raw(STDIN_FILENO);
  talk(console.get());
  return 0;
}

}  // namespace kata::cli
