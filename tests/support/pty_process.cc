// SPDX-License-Identifier: Apache-2.0
#include "tests/support/pty_process.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>

#include "runtime/base/error.h"
#include "runtime/base/io.h"

namespace kata::test {

PtyProcess::PtyProcess(std::vector<std::string> argv, unsigned short rows, unsigned short columns)
    : master_(::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC)) {
  if (!master_ || ::grantpt(master_.get()) != 0 || ::unlockpt(master_.get()) != 0) {
    throw_errno(errno, "open a pseudo-terminal");
  }
  char name[64];
  if (::ptsname_r(master_.get(), name, sizeof name) != 0)
    throw_errno(errno, "name the pseudo-terminal");
  const UniqueFd slave = open_file(name, O_RDWR | O_NOCTTY);
  resize(rows, columns);
  Command command;
  command.argv = std::move(argv);
  command.fds = {{0, slave.get()}, {1, slave.get()}, {2, slave.get()}};
  command.new_session = true;
  command.before_exec = [] { return ::ioctl(0, TIOCSCTTY, 0) == 0 ? 0 : errno; };
  child_ = spawn(command);
}

void PtyProcess::type(std::string_view text) { write_all(master_.get(), text); }

void PtyProcess::resize(unsigned short rows, unsigned short columns) {
  const winsize size{.ws_row = rows, .ws_col = columns, .ws_xpixel = 0, .ws_ypixel = 0};
  if (::ioctl(master_.get(), TIOCSWINSZ, &size) != 0) throw_errno(errno, "resize the terminal");
}

bool PtyProcess::read_some(std::chrono::steady_clock::time_point deadline) {
  const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
      deadline - std::chrono::steady_clock::now());
  pollfd poll{.fd = master_.get(), .events = POLLIN, .revents = 0};
  if (left.count() <= 0 || ::poll(&poll, 1, static_cast<int>(left.count())) == 0) {
    throw_error(Code::deadline_exceeded, "terminal is silent; so far it showed: {}", seen_);
  }
  char buffer[4096];
  const ssize_t count = ::read(master_.get(), buffer, sizeof buffer);
  if (count <= 0) return false;  // EIO: the last one has closed the other side, see pty(7)
  seen_.append(buffer, static_cast<std::size_t>(count));
  return true;
}

std::string PtyProcess::read_until(std::string_view text, std::chrono::seconds timeout) {
  const auto deadline = std::chrono::steady_clock::now() + timeout;
  while (true) {
    const std::size_t found = seen_.find(text, consumed_);
    if (found != std::string::npos) {
      const std::string part = seen_.substr(consumed_, found + text.size() - consumed_);
      consumed_ = found + text.size();
      return part;
    }
    if (!read_some(deadline)) {
      throw_error(Code::out_of_range, "terminal closed before '{}'; it showed: {}", text, seen_);
    }
  }
}

int PtyProcess::wait(std::chrono::seconds timeout) {
  const auto deadline = std::chrono::steady_clock::now() + timeout;
  while (read_some(deadline)) {
  }
  return child_.wait();
}

}  // namespace kata::test
