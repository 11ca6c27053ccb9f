// SPDX-License-Identifier: Apache-2.0
#include "runtime/sandbox/host_stream.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <asio/redirect_error.hpp>
#include <asio/use_awaitable.hpp>
#include <asio/write.hpp>
#include <cerrno>

#include "runtime/base/error.h"

namespace kata::sandbox {
namespace {

bool is_pollable(int fd) {
  struct stat status {};
  if (::fstat(fd, &status) != 0) return false;
  if (S_ISFIFO(status.st_mode) || S_ISSOCK(status.st_mode)) return true;
  return S_ISCHR(status.st_mode) && ::isatty(fd) == 1;
}

/// Sockets cannot be opened through /proc, and a descriptor of another mount namespace's pty may
/// not be.
UniqueFd reopen(UniqueFd fd, Direction direction) {
  const std::string path = fmt::format("/proc/self/fd/{}", fd.get());
  const int flags =
      (direction == Direction::read ? O_RDONLY : O_WRONLY) | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;
  const int own = ::open(path.c_str(), flags);
  return own >= 0 ? UniqueFd(own) : std::move(fd);
}

}  // namespace

HostStream::HostStream(asio::any_io_executor executor, UniqueFd fd, Direction direction) {
  if (!is_pollable(fd.get())) {
    file_ = std::move(fd);
    return;
  }
  UniqueFd own = reopen(std::move(fd), direction);
  set_nonblocking(own.get(), true);
  stream_.emplace(std::move(executor), own.release());
}

asio::awaitable<std::size_t> HostStream::read_some(char* buffer, std::size_t size) {
  if (stream_) {
    if (!stream_->is_open()) co_return 0;
    std::error_code error;
    const std::size_t count = co_await stream_->async_read_some(
        asio::buffer(buffer, size), asio::redirect_error(asio::use_awaitable, error));
    co_return error ? 0 : count;
  }
  if (!file_) co_return 0;
  ssize_t count;
  do {
    count = ::read(file_.get(), buffer, size);
  } while (count < 0 && errno == EINTR);
  co_return count > 0 ? static_cast<std::size_t>(count) : 0;
}

asio::awaitable<bool> HostStream::write_all(std::string_view data) {
  if (stream_) {
    if (!stream_->is_open()) co_return false;
    std::error_code error;
    co_await asio::async_write(*stream_, asio::buffer(data.data(), data.size()),
                               asio::redirect_error(asio::use_awaitable, error));
    co_return !error;
  }
  while (file_ && !data.empty()) {
    const ssize_t count = ::write(file_.get(), data.data(), data.size());
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) co_return false;
    data.remove_prefix(static_cast<std::size_t>(count));
  }
  co_return data.empty();
}

void HostStream::close() {
  if (stream_ && stream_->is_open()) stream_->close();
  file_.reset();
}

}  // namespace kata::sandbox
