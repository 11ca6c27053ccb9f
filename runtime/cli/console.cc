// SPDX-License-Identifier: Apache-2.0
#include "runtime/cli/console.h"

#include <sys/ioctl.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>

#include "runtime/base/error.h"

namespace kata::cli {

sys::Terminal make_console(WindowSize size) {
  sys::Terminal terminal = sys::open_terminal("/dev/ptmx");
  termios settings{};
  if (::tcgetattr(terminal.slave.get(), &settings) != 0)
    throw_errno(errno, "read terminal settings");
  ::cfmakeraw(&settings);
  if (::tcsetattr(terminal.slave.get(), TCSANOW, &settings) != 0) {
    throw_errno(errno, "make the terminal raw");
  }
  if (size.rows != 0 || size.columns != 0) {
    sys::set_window_size(terminal.slave.get(), size.rows, size.columns);
  }
  return terminal;
}

void send_console(const std::string& socket_path, int master) {
  in_context(
      [&] {
        const UniqueFd socket = connect_unix(socket_path, SOCK_STREAM);
        const std::array<int, 1> fds = {master};
        send_with_fds(socket.get(), "/dev/ptmx", fds);
      },
      "send the terminal to --console-socket");
}

std::optional<WindowSize> window_size(int terminal) {
  winsize size{};
  if (::ioctl(terminal, TIOCGWINSZ, &size) != 0) return std::nullopt;
  return WindowSize{.rows = size.ws_row, .columns = size.ws_col};
}

RawTerminal::RawTerminal(int fd) : fd_(fd) {
  termios settings{};
  if (::tcgetattr(fd, &settings) != 0) return;
  before_ = settings;
  ::cfmakeraw(&settings);
  ::tcsetattr(fd, TCSANOW, &settings);
}

RawTerminal::~RawTerminal() {
  if (before_) ::tcsetattr(fd_, TCSADRAIN, &*before_);
}

}  // namespace kata::cli
