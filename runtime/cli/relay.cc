// SPDX-License-Identifier: Apache-2.0
#include "runtime/cli/relay.h"

#include <fcntl.h>
#include <sched.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <string_view>

#include "runtime/base/error.h"
#include "runtime/base/io.h"
#include "runtime/base/sys_process.h"
#include "runtime/base/sys_terminal.h"
#include "runtime/cli/relay_loop.h"
#include "runtime/network/network_namespace.h"

namespace kata::cli {
namespace {

constexpr int kControlFd = 3;
constexpr int kTerminalFd = 4;
constexpr int kNetworkFd = 5;
constexpr const char* kRelayVariable = "KATA_RELAY";
constexpr std::string_view kGo = "go";

/// The steps of the child before it becomes this program again. They run between fork and exec of a
/// program with one thread. Returns errno's value of what failed.
int become_relay(bool has_terminal, bool has_network, bool new_network) {
  try {
    if (has_network) {
      sys::setns(kNetworkFd, CLONE_NEWNET);
    } else if (new_network) {
      sys::unshare(CLONE_NEWNET);
      sys::bring_loopback_up();
    }
    if (has_terminal) sys::take_controlling_terminal(kTerminalFd);
  } catch (const Error& error) {
    return error.err() != 0 ? error.err() : EIO;
  }
  sys::close_on_exec_from(has_terminal ? kTerminalFd + 1 : kTerminalFd);
  return 0;
}

/// What the relay has to know comes through the control pipe, as fields that end in a zero byte;
/// the last one is "go". The end of the pipe without it means that `create` has failed.
std::string control_message(const RelayOptions& options) {
  std::string message;
  for (const std::string_view field :
       {std::string_view(options.process.id), std::string_view(options.process.exec_id),
        std::string_view(options.sandbox_dir),
        std::string_view(options.terminal >= 0 ? "terminal" : "")}) {
    message.append(field);
    message += '\0';
  }
  return message;
}

}  // namespace

void Relay::release() {
  write_all(control_.get(), kGo);
  control_.reset();
}

Relay start_relay(const RelayOptions& options) {
  UniqueFd network;
  if (options.network && !options.network->empty()) {
    network = network::open_network_namespace(*options.network);
  }
  const bool has_terminal = options.terminal >= 0;
  const bool has_network = static_cast<bool>(network);
  const bool new_network = options.network && options.network->empty();
  Pipe control = make_pipe();
  std::vector<char*> argv;
  for (const std::string& arg : options.args) argv.push_back(const_cast<char*>(arg.c_str()));
  argv.push_back(nullptr);
  const std::string variable = std::string(kRelayVariable) + "=1";
  const std::array<char*, 2> env = {const_cast<char*>(variable.c_str()), nullptr};

  Command command;
  command.argv = {"/proc/self/exe"};
  command.fds = {{kControlFd, control.read.get()}};
  if (has_terminal) command.fds.emplace_back(kTerminalFd, options.terminal);
  if (has_network) command.fds.emplace_back(kNetworkFd, network.get());
  command.cwd = "/";
  command.new_session = true;
  command.die_with_parent = false;
  // argv[0] is the container's and no path of this program, so the execve(2) takes place here.
  command.before_exec = [&] {
    if (const int err = become_relay(has_terminal, has_network, new_network); err != 0) return err;
    ::execve("/proc/self/exe", argv.data(), env.data());
    return errno;
  };
  Relay relay(
      in_context([&] { return spawn(command); }, "start the relay of {}", options.process.id),
      std::move(control.write));
  write_all(relay.control_fd(), control_message(options));
  return relay;
}

bool is_relay() { return ::getenv(kRelayVariable) != nullptr; }

int relay_main() noexcept {
  try {
    const UniqueFd control(kControlFd);
    std::array<std::string, 5> fields;  // id, exec id, sandbox's folder, terminal, "go"
    std::size_t field = 0;
    for (const char c : read_all(kControlFd, 1U << 16)) {
      if (c == '\0') {
        if (++field == fields.size()) return 1;
      } else {
        fields[field] += c;
      }
    }
    if (fields[4] != kGo) return 1;
    const UniqueFd terminal(fields[3].empty() ? -1 : kTerminalFd);
    return run_relay_loop(
        {.process = {fields[0], fields[1]}, .sandbox_dir = fields[2], .terminal = terminal.get()});
  } catch (const std::exception&) {
    return kLostConnection;
  }
}

}  // namespace kata::cli
