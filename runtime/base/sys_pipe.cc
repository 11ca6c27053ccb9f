// SPDX-License-Identifier: Apache-2.0
#include "runtime/base/sys_pipe.h"

#include <fcntl.h>
#include <sys/ioctl.h>

#include <cerrno>

#include "runtime/base/error.h"

namespace kata::sys {

std::size_t bytes_in(int fd) noexcept {
  int available = 0;
  return ::ioctl(fd, FIONREAD, &available) == 0 && available > 0
             ? static_cast<std::size_t>(available)
             : 0;
}

void enlarge_pipe(int fd, std::size_t size) noexcept {
  constexpr std::size_t kUsual = 65536;
  if (size > kUsual) ::fcntl(fd, F_SETPIPE_SZ, static_cast<int>(size));
}

std::optional<std::size_t> splice_now(int from, int to, std::size_t size) {
  ssize_t count;
  do {
    count = ::splice(from, nullptr, to, nullptr, size, SPLICE_F_NONBLOCK | SPLICE_F_MOVE);
  } while (count < 0 && errno == EINTR);
  if (count >= 0) return static_cast<std::size_t>(count);
  if (errno == EAGAIN) return std::nullopt;
  throw_errno(errno, "splice {} bytes", size);
}

}  // namespace kata::sys
