// SPDX-License-Identifier: Apache-2.0
//
// Pseudo-terminals, see pty(7) and ioctl_tty(2), without glibc's search for device names.
#pragma once

#include "runtime/base/fd.h"

namespace kata::sys {

struct Terminal {
  UniqueFd master;
  UniqueFd slave;
};

/// A new pair from the multiplexer at `path` ("/dev/ptmx"), checked to be one. Throws Error.
[[nodiscard]] Terminal open_terminal(const char* path);
/// Makes the terminal the calling session's controlling one. Throws Error.
void take_controlling_terminal(int terminal);
/// Throws Error.
void set_window_size(int terminal, unsigned rows, unsigned columns);

}  // namespace kata::sys
