// SPDX-License-Identifier: Apache-2.0
#include "runtime/base/sys_terminal.h"

#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/sysmacros.h>

#include <cerrno>

#include "runtime/base/error.h"
#include "runtime/base/sys_file.h"

#ifndef TIOCGPTPEER
#define TIOCGPTPEER 0x5441
#endif

namespace kata::sys {

Terminal open_terminal(const char* path) {
  // Not blocking: a container may have put a fifo in its place.
  UniqueFd master = open_file(path, O_RDWR | O_NOCTTY | O_NONBLOCK);
  const struct stat status = stat_of(master.get());
  if (!S_ISCHR(status.st_mode) || status.st_rdev != makedev(5, 2)) {
    throw_error(Code::failed_precondition, "{} is not the terminal multiplexer", path);
  }
  set_nonblocking(master.get(), false);
  int locked = 0;
  if (::ioctl(master.get(), TIOCSPTLCK, &locked) != 0)
    throw_errno(errno, "unlock a terminal of {}", path);
  // The slave from the master, not by its name: the name may lead elsewhere in the container.
  UniqueFd slave(::ioctl(master.get(), TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC));
  if (!slave) throw_errno(errno, "open the slave of a terminal of {}", path);
  return {.master = std::move(master), .slave = std::move(slave)};
}

void take_controlling_terminal(int terminal) {
  if (::ioctl(terminal, TIOCSCTTY, 0) != 0) throw_errno(errno, "set the controlling terminal");
}

void set_window_size(int terminal, unsigned rows, unsigned columns) {
  winsize size{};
  size.ws_row = static_cast<unsigned short>(rows);
  size.ws_col = static_cast<unsigned short>(columns);
  if (::ioctl(terminal, TIOCSWINSZ, &size) != 0) throw_errno(errno, "set the window size");
}

}  // namespace kata::sys
