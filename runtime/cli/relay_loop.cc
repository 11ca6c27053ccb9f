// SPDX-License-Identifier: Apache-2.0
#include "runtime/cli/relay_loop.h"

#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <cerrno>

#include "runtime/base/error.h"
#include "runtime/base/fd.h"
#include "runtime/cli/console.h"

namespace kata::cli {
namespace {

/// Those that concern the relay itself: SIGCHLD (it has no children), SIGPIPE (a closed connection
/// says so), SIGURG.
bool is_passed_on(int signal) { return signal != SIGCHLD && signal != SIGPIPE && signal != SIGURG; }

void pass_on(ShimClient& shim, const RelayTask& task, int signal_fd) {
  signalfd_siginfo info{};
  if (::read(signal_fd, &info, sizeof info) != sizeof info) return;
  const int signal = static_cast<int>(info.ssi_signo);
  if (signal == SIGWINCH) {
    if (const auto size = window_size(task.terminal)) {
      shim.post_window_size(task.process, size->rows, size->columns);
    }
  } else if (is_passed_on(signal)) {
    shim.post_signal(task.process, signal);
  }
}

int wait_and_pass_on(ShimClient& shim, const RelayTask& task, int signal_fd) {
  shim.begin_wait(task.process);
  for (;;) {
    pollfd polls[2] = {{shim.fd(), POLLIN, 0}, {signal_fd, POLLIN, 0}};
    if (::poll(polls, 2, -1) < 0) {
      if (errno == EINTR) continue;
      throw_errno(errno, "wait for the sandbox process");
    }
    if (polls[0].revents != 0) {
      if (const std::optional<int> status = shim.exit_status_if_there()) return *status & 0xff;
    }
    if (polls[1].revents != 0) pass_on(shim, task, signal_fd);
  }
}

}  // namespace

int run_relay_loop(const RelayTask& task) noexcept {
  try {
    ::prctl(PR_SET_NAME, "kata-relay", 0, 0, 0);
    sigset_t all;
    sigfillset(&all);
    ::sigprocmask(SIG_BLOCK, &all, nullptr);
    const UniqueFd signals(::signalfd(-1, &all, SFD_CLOEXEC));
    if (!signals) throw_errno(errno, "make a signal descriptor");
    ShimClient shim(task.sandbox_dir);
    if (task.when_connected) task.when_connected();
    const int status = wait_and_pass_on(shim, task, signals.get());
    if (!task.process.exec_id.empty()) {
      ignore_error([&] { shim.remove(task.process); }, "the container may be deleted already");
    }
    return status;
  } catch (const std::exception&) {
    return kLostConnection;  // nobody reads a relay's error output; the sandbox process's log says
                             // why it ended
  }
}

}  // namespace kata::cli
