// SPDX-License-Identifier: Apache-2.0
#include "runtime/agent/process/stream.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <asio/redirect_error.hpp>
#include <asio/use_awaitable.hpp>
#include <cerrno>

#include "runtime/agent/process/event.h"
#include "runtime/base/error.h"
#include "runtime/base/scope_exit.h"
#include "runtime/base/sys_pipe.h"

namespace kata::agent {

using Descriptor = asio::posix::stream_descriptor;

Stream::Stream(const asio::any_io_executor& executor, UniqueFd fd, Kind kind, std::size_t pipe_size)
    : descriptor_(executor), kind_(kind) {
  if (kind == Kind::pipe) sys::enlarge_pipe(fd.get(), pipe_size);  // fewer calls
  set_nonblocking(fd.get(), true);
  descriptor_.assign(fd.release());
}

bool Stream::read_now(std::size_t limit, std::string& data) {
  constexpr std::size_t kLeast = 4096;
  data.resize(std::min(limit, std::max(kLeast, sys::bytes_in(descriptor_.native_handle()))));
  ssize_t count;
  do {
    count = ::read(descriptor_.native_handle(), data.data(), data.size());
  } while (count < 0 && errno == EINTR);
  const int err = errno;
  data.resize(count > 0 ? static_cast<std::size_t>(count) : 0);
  if (count > 0) return true;
  if (count < 0 && err == EAGAIN) return false;
  // A pty's master says EIO, not end of file, once nobody holds the other side; see pty(7).
  if (count < 0 && err != EIO) throw_errno(err, "read the program's output");
  ended_ = true;
  return true;
}

bool Stream::move_now(std::size_t limit, wire::BytesAnswer& answer) {
  // A pipe in between costs a few system calls, each page of it that is copied as much.
  constexpr std::size_t kWorthMoving = 32U << 10;
  if (kind_ != Kind::pipe ||
      std::min(limit, sys::bytes_in(descriptor_.native_handle())) < kWorthMoving)
    return false;
  // The last answer may still wait to be sent, or have been given up with bytes left.
  if (!spare_ || spare_.use_count() > 1 || spare_->size() > 0)
    spare_ = std::make_shared<wire::PipedBytes>(kMaxTransfer);
  if (spare_->take_from(descriptor_.native_handle(), limit).value_or(0) == 0) return false;
  answer.piped = spare_;
  return true;
}

asio::awaitable<wire::BytesAnswer> Stream::take(std::size_t limit) {
  if (limit == 0)
    throw_error(Code::invalid_argument, "a read of 0 bytes cannot be told from the end of file");
  limit = std::min(limit, kMaxTransfer);
  wire::BytesAnswer answer;
  while (!ended_ && descriptor_.is_open()) {
    if (move_now(limit, answer) || read_now(limit, answer.bytes)) break;
    std::error_code error;
    co_await descriptor_.async_wait(Descriptor::wait_read,
                                    asio::redirect_error(asio::use_awaitable, error));
    co_await throw_if_cancelled();
  }
  co_return answer;
}

asio::awaitable<std::size_t> Stream::write(std::string data) {
  ++writers_;
  const ScopeExit done([this] {
    if (--writers_ == 0 && close_when_written_) close();
  });
  while (descriptor_.is_open()) {
    if (data.empty()) co_return 0;
    const ssize_t count = ::write(descriptor_.native_handle(), data.data(), data.size());
    const int err = errno;
    if (count >= 0) co_return static_cast<std::size_t>(count);
    if (err == EINTR) continue;
    if (err == EPIPE || err == EIO)
      throw_error(Code::failed_precondition, "the program has closed its standard input");
    if (err != EAGAIN) throw_errno(err, "write {} bytes to the program's input", data.size());
    std::error_code error;
    co_await descriptor_.async_wait(Descriptor::wait_write,
                                    asio::redirect_error(asio::use_awaitable, error));
    co_await throw_if_cancelled();
  }
  throw_error(Code::failed_precondition, "standard input is closed");
}

void Stream::close_input() {
  if (kind_ == Kind::console) return;
  close_when_written_ = true;
  if (writers_ == 0) close();
}

void Stream::close() {
  std::error_code ignored;
  if (descriptor_.is_open()) descriptor_.close(ignored);
}

void Stream::resize(unsigned rows, unsigned columns) {
  if (kind_ != Kind::console) throw_error(Code::failed_precondition, "the process has no terminal");
  if (!descriptor_.is_open()) throw_error(Code::failed_precondition, "the terminal is closed");
  constexpr unsigned kMost = 65535;
  winsize size{};
  size.ws_row = static_cast<unsigned short>(std::min(rows, kMost));
  size.ws_col = static_cast<unsigned short>(std::min(columns, kMost));
  if (::ioctl(descriptor_.native_handle(), TIOCSWINSZ, &size) != 0)
    throw_errno(errno, "resize the terminal");
}

}  // namespace kata::agent
