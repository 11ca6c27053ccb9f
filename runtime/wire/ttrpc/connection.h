// SPDX-License-Identifier: Apache-2.0
//
// One ttrpc connection over any byte stream that epoll knows: a unix socket, vsock or a virtio-serial port. Used by the
// client and the server; belongs to one io_context and one thread.
#pragma once

#include <asio/awaitable.hpp>
#include <asio/posix/stream_descriptor.hpp>
#include <deque>
#include <memory>
#include <optional>
#include <string>

#include "runtime/base/fd.h"
#include "runtime/wire/ttrpc/frame.h"

namespace kata::wire {

class Connection : public std::enable_shared_from_this<Connection> {
 public:
  /// Takes the descriptor and makes it non-blocking.
  Connection(asio::any_io_executor executor, UniqueFd fd);

  /// The next frame; nothing at end of file or after close(). Throws Error for a frame that breaks the protocol.
  [[nodiscard]] asio::awaitable<std::optional<Frame>> read();
  /// Queues a frame; frames leave in order. Does nothing after close().
  void send(std::uint32_t stream_id, FrameType type, std::string_view payload);
  /// Ends reads and drops what is queued.
  void close();
  [[nodiscard]] bool is_open() const { return stream_.is_open(); }

 private:
  asio::awaitable<void> write_queued();

  asio::posix::stream_descriptor stream_;
  FrameParser parser_;
  std::deque<std::string> queue_;
  bool writing_ = false;
};

}  // namespace kata::wire
