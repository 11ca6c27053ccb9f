// SPDX-License-Identifier: Apache-2.0
#include "runtime/wire/ttrpc/piped_bytes.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "runtime/base/error.h"
#include "runtime/base/sys_pipe.h"

namespace kata::wire {
namespace {

constexpr std::size_t kMostRead = 128U << 10;

}  // namespace

PipedBytes::PipedBytes(std::size_t capacity) : pipe_(make_pipe()) {
  sys::enlarge_pipe(pipe_.write.get(), capacity);
}

std::optional<std::size_t> PipedBytes::take_from(int fd, std::size_t limit) {
  const std::optional<std::size_t> count = sys::splice_now(fd, pipe_.write.get(), limit);
  size_ += count.value_or(0);
  return count;
}

std::optional<std::size_t> PipedBytes::give_to(int fd) {
  // All of it, always: given a part of what lies in the pipe, Linux 6.1's virtio-serial driver
  // sends as many pages as the pipe has. See port_fops_splice_write() of
  // drivers/char/virtio_console.c.
  const std::optional<std::size_t> count = sys::splice_now(pipe_.read.get(), fd, size_);
  // A virtio-serial port that finds no memory has taken the bytes out of the pipe by then.
  if (count == 0) throw_error(Code::data_loss, "{} bytes could not be sent", size_);
  size_ -= count.value_or(0);
  return count;
}

std::string PipedBytes::read_some() {
  std::string data(std::min(size_, kMostRead), '\0');
  ssize_t count;
  do {
    count = ::read(pipe_.read.get(), data.data(), data.size());
  } while (count < 0 && errno == EINTR);
  if (count <= 0) throw_errno(count < 0 ? errno : EIO, "read {} bytes back", size_);
  data.resize(static_cast<std::size_t>(count));
  size_ -= data.size();
  return data;
}

}  // namespace kata::wire
