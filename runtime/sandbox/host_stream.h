// SPDX-License-Identifier: Apache-2.0
//
// A descriptor of the engine (pipe, fifo, pty, socket, plain file, /dev/null) as an asynchronous
// stream. epoll knows no plain files, so those are read and written at once, which does not block
// for long.
#pragma once

#include <asio/awaitable.hpp>
#include <asio/posix/stream_descriptor.hpp>
#include <cstddef>
#include <optional>
#include <string_view>

#include "runtime/base/fd.h"

namespace kata::sandbox {

enum class Direction { read, write };

class HostStream {
 public:
  /// Opens the file behind `fd` anew where that works, so that O_NONBLOCK does not reach whoever
  /// shares the descriptor.
  HostStream(asio::any_io_executor executor, UniqueFd fd, Direction direction);

  /// At least one byte; 0 at end of file, after close() and on errors (the peer is gone either
  /// way).
  asio::awaitable<std::size_t> read_some(char* buffer, std::size_t size);
  /// All of `data`; false when the peer is gone.
  asio::awaitable<bool> write_all(std::string_view data);
  /// Ends a read that waits.
  void close();

 private:
  std::optional<asio::posix::stream_descriptor> stream_;  // pollable
  UniqueFd file_;                                         // not pollable
};

}  // namespace kata::sandbox
