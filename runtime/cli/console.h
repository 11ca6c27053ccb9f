// SPDX-License-Identifier: Apache-2.0
//
// Terminals on the host's side: a pty whose master goes to the engine (or to the user's own
// terminal) and whose slave goes to the sandbox process. The line discipline that counts is the
// guest's, so both the slave and the user's terminal are raw.
#pragma once

#include <termios.h>

#include <optional>
#include <string>
#include <utility>

#include "runtime/base/sys_terminal.h"

namespace kata::cli {

struct WindowSize {
  unsigned rows = 0;
  unsigned columns = 0;
};

/// A new pty, its slave raw, its size as given unless that is 0 x 0. Throws Error.
[[nodiscard]] sys::Terminal make_console(WindowSize size);
/// Sends the master to whoever listens at `socket_path`, as runc does: one message with one
/// descriptor. Throws Error.
void send_console(const std::string& socket_path, int master);
/// The terminal's size; nothing when the descriptor is no terminal.
[[nodiscard]] std::optional<WindowSize> window_size(int terminal);

/// The user's terminal made raw until the end of scope; does nothing when the descriptor is no
/// terminal.
class RawTerminal {
 public:
  explicit RawTerminal(int fd);
  RawTerminal(const RawTerminal&) = delete;
  RawTerminal& operator=(const RawTerminal&) = delete;
  ~RawTerminal();

 private:
  int fd_;
  std::optional<termios> before_;
};

}  // namespace kata::cli
