// SPDX-License-Identifier: Apache-2.0
#include "runtime/cli/relay.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <optional>
#include <string_view>

#include "runtime/base/error.h"
#include "runtime/base/io.h"
#include "runtime/base/sys_process.h"
#include "runtime/base/sys_terminal.h"
#include "runtime/cli/relay_loop.h"
#include "runtime/cli/relay_view.h"
#include "runtime/network/network_namespace.h"
#include "runtime/oci/bundle.h"

namespace kata::cli {
namespace {

constexpr int kControlFd = 3;
constexpr int kTerminalFd = 4;
constexpr int kFirstNamespaceFd = 5;
constexpr const char* kRelayVariable = "KATA_RELAY";
constexpr std::string_view kGo = "go";
constexpr std::string_view kReady = "ready";

/// The steps of the child before it becomes this program again. They run between fork and exec of a
/// program with one thread. Returns errno's value of what failed.
int become_relay(const RelayOptions& options) {
  const bool has_terminal = options.terminal >= 0;
  try {
    int fd = kFirstNamespaceFd;
    for (const RelayNamespace& space : options.namespaces) {
      if (space.flag == CLONE_NEWPID) continue;  // it was born in it
      if (!space.path.empty()) {
        sys::setns(fd++, space.flag);
        continue;
      }
      sys::unshare(space.flag);
      if (space.flag == CLONE_NEWNET) sys::bring_loopback_up();
    }
    if (has_terminal) sys::take_controlling_terminal(kTerminalFd);
  } catch (const Error& error) {
    return error.err() != 0 ? error.err() : EIO;
  }
  sys::close_on_exec_from(has_terminal ? kTerminalFd + 1 : kTerminalFd);
  return 0;
}

/// What the relay has to know comes through the control socket, as fields that end in a zero byte;
/// the last one is "go". The end of the stream without it means that `create` has failed. The
/// answer is "ready", or why it is not.
std::string control_message(const RelayOptions& options) {
  std::string message;
  for (const std::string_view field :
       {std::string_view(options.process.id), std::string_view(options.process.exec_id),
        std::string_view(options.sandbox_dir),
        std::string_view(options.terminal >= 0 ? "terminal" : ""),
        std::string_view(options.bundle)}) {
    message.append(field);
    message += '\0';
  }
  return message;
}

/// What it does while `create` waits. The sandbox process is connected: its socket cannot be
/// reached from within the container's file systems.
void get_ready(UniqueFd& control, const std::array<std::string, 6>& fields) {
  const std::string& bundle = fields[4];
  try {
    if (!bundle.empty()) enter_relay_view(oci::load_bundle(bundle), fields[2], fields[0]);
  } catch (const Error& error) {
    write_all(control.get(), error.what());
    throw;
  }
  write_all(control.get(), kReady);
  control.reset();
}

}  // namespace

void Relay::release() {
  write_all(control_.get(), kGo);
  if (::shutdown(control_.get(), SHUT_WR) != 0) throw_errno(errno, "release the relay");
  const std::string answer = read_all(control_.get());
  control_.reset();
  if (answer == kReady) return;
  throw_error(Code::unavailable, "the relay of the container has ended: {}",
              answer.empty() ? "its sandbox process does not answer" : answer);
}

Relay start_relay(const RelayOptions& options) {
  auto [ours, theirs] = make_socket_pair(SOCK_STREAM);
  std::vector<char*> argv;
  for (const std::string& arg : options.args) argv.push_back(const_cast<char*>(arg.c_str()));
  argv.push_back(nullptr);
  const std::string variable = std::string(kRelayVariable) + "=1";
  const std::array<char*, 2> env = {const_cast<char*>(variable.c_str()), nullptr};

  Command command;
  command.argv = {"/proc/self/exe"};
  command.fds = {{kControlFd, theirs.get()}};
  if (options.terminal >= 0) command.fds.emplace_back(kTerminalFd, options.terminal);
  std::vector<UniqueFd> joined;
  std::optional<PidNamespaceOfChildren> pid_namespace;
  for (const RelayNamespace& space : options.namespaces) {
    if (space.flag == CLONE_NEWPID && space.path.empty()) {
      command.namespaces = CLONE_NEWPID;
    } else if (space.flag == CLONE_NEWPID) {
      pid_namespace.emplace(space.path);
    } else if (!space.path.empty()) {
      joined.push_back(space.flag == CLONE_NEWNET ? network::open_network_namespace(space.path)
                                                  : open_file(space.path, O_RDONLY));
      command.fds.emplace_back(kFirstNamespaceFd + static_cast<int>(joined.size()) - 1,
                               joined.back().get());
    }
  }
  command.cwd = "/";
  command.new_session = true;
  command.die_with_parent = false;
  // argv[0] is the container's and no path of this program, so the execve(2) takes place here.
  command.before_exec = [&] {
    if (const int err = become_relay(options); err != 0) return err;
    ::execve("/proc/self/exe", argv.data(), env.data());
    return errno;
  };
  Relay relay(
      in_context([&] { return spawn(command); }, "start the relay of {}", options.process.id),
      std::move(ours));
  write_all(relay.control_fd(), control_message(options));
  return relay;
}

bool is_relay() { return ::getenv(kRelayVariable) != nullptr; }

int relay_main() noexcept {
  try {
    UniqueFd control(kControlFd);
    std::array<std::string, 6> fields;  // id, exec id, sandbox's folder, terminal, bundle, "go"
    std::size_t field = 0;
    for (const char c : read_all(control.get(), 1U << 16)) {
      if (c == '\0') {
        if (++field == fields.size()) return 1;
      } else {
        fields[field] += c;
      }
    }
    if (fields[5] != kGo) return 1;
    const UniqueFd terminal(fields[3].empty() ? -1 : kTerminalFd);
    return run_relay_loop({.process = {fields[0], fields[1]},
                           .sandbox_dir = fields[2],
                           .terminal = terminal.get(),
                           .when_connected = [&] { get_ready(control, fields); }});
  } catch (const std::exception&) {
    return kLostConnection;
  }
}

}  // namespace kata::cli
