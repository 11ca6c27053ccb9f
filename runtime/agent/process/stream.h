// SPDX-License-Identifier: Apache-2.0
//
// The agent's end of one standard stream: a pipe, or the pty's master that is input and output at
// once. Reads and writes are pulled by the host, so a slow host fills the pipe and stops the
// program, never the agent.
#pragma once

#include <asio/awaitable.hpp>
#include <asio/posix/stream_descriptor.hpp>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "runtime/base/fd.h"
#include "runtime/wire/ttrpc/server.h"

namespace kata::agent {

/// The most that one call carries.
inline constexpr std::size_t kMaxTransfer = 1U << 20;

class Stream {
 public:
  enum class Kind { pipe, console };
  /// Takes the descriptor; a pipe is made as large as the kernel lets it, up to `pipe_size`.
  Stream(const asio::any_io_executor& executor, UniqueFd fd, Kind kind, std::size_t pipe_size);

  /// Waits until there is something and takes it, at most `limit` bytes; empty at end of file,
  /// which is also what a call parked during close() gets. What a pipe has much of stays in the
  /// kernel's pages. Throws Error.
  [[nodiscard]] asio::awaitable<wire::BytesAnswer> take(std::size_t limit);
  /// Waits until something fits and returns how much was taken. Throws Error(failed_precondition)
  /// when nobody reads.
  [[nodiscard]] asio::awaitable<std::size_t> write(std::string data);
  /// End of file for the program as soon as the writes that are parked have been served; nothing
  /// for a console, whose reading side stays.
  void close_input();
  void close();
  /// TIOCSWINSZ. Throws Error(failed_precondition) unless it is a console.
  void resize(unsigned rows, unsigned columns);

 private:
  /// EAGAIN: nothing there yet; otherwise what one read(2) gave, empty for the end.
  bool read_now(std::size_t limit, std::string& data);
  /// Whether there is so much that it was moved into `answer`.
  bool move_now(std::size_t limit, wire::BytesAnswer& answer);

  asio::posix::stream_descriptor descriptor_;
  Kind kind_;
  bool ended_ = false;
  bool close_when_written_ = false;
  std::size_t writers_ = 0;
  std::shared_ptr<wire::PipedBytes> spare_;  // of the answer before
};

}  // namespace kata::agent
