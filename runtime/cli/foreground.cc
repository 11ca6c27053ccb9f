// SPDX-License-Identifier: Apache-2.0
#include "runtime/cli/foreground.h"

#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <cerrno>
#include <string_view>

#include "runtime/base/error.h"
#include "runtime/base/io.h"
#include "runtime/cli/console.h"

namespace kata::cli {
namespace {

/// Copies what is there; false at the end of input. A pty's master says EIO when the last slave has
/// been closed.
bool copy_some(int from, int to) {
  char buffer[16384];
  const ssize_t count = ::read(from, buffer, sizeof buffer);
  if (count < 0 && (errno == EINTR || errno == EAGAIN)) return true;
  if (count <= 0) return false;
  write_all(to, std::string_view(buffer, static_cast<std::size_t>(count)));
  return true;
}

void pass_signal_on(int signal_fd, const ChildProcess& relay, int master) {
  signalfd_siginfo info{};
  if (::read(signal_fd, &info, sizeof info) != sizeof info) return;
  const int signal = static_cast<int>(info.ssi_signo);
  if (signal == SIGCHLD || signal == SIGPIPE || signal == SIGURG) return;
  if (signal == SIGWINCH && master >= 0) {
    // The kernel then tells the relay, whose controlling terminal this is.
    if (const auto size = window_size(STDIN_FILENO)) {
      sys::set_window_size(master, size->rows, size->columns);
    }
    return;
  }
  ignore_error([&] { relay.signal(signal); }, "the relay may have ended");
}

}  // namespace

int follow(ChildProcess& relay, int master) {
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  ::sigprocmask(SIG_BLOCK, &all, &before);
  const UniqueFd signals(::signalfd(-1, &all, SFD_CLOEXEC));
  if (!signals) throw_errno(errno, "make a signal descriptor");
  bool input_open = master >= 0;
  bool output_open = master >= 0;
  if (master >= 0) {
    if (const auto size = window_size(STDIN_FILENO)) {
      sys::set_window_size(master, size->rows, size->columns);
    }
  }
  bool ended = false;
  while (!ended || output_open) {
    pollfd polls[4] = {{ended ? -1 : relay.pidfd(), POLLIN, 0},
                       {signals.get(), POLLIN, 0},
                       {output_open ? master : -1, POLLIN, 0},
                       {input_open ? STDIN_FILENO : -1, POLLIN, 0}};
    // After the end only what is already in the terminal's buffer is taken.
    const int ready = ::poll(polls, 4, ended ? 200 : -1);
    if (ready < 0 && errno != EINTR) throw_errno(errno, "poll");
    if (ready == 0) break;
    if (ready < 0) continue;
    if (polls[0].revents != 0) ended = true;
    if (polls[1].revents != 0) pass_signal_on(signals.get(), relay, master);
    if (polls[2].revents != 0) output_open = copy_some(master, STDOUT_FILENO);
    if (polls[3].revents != 0) input_open = copy_some(STDIN_FILENO, master);
  }
  const int status = relay.wait();
  ::sigprocmask(SIG_SETMASK, &before, nullptr);
  return status;
}

}  // namespace kata::cli
