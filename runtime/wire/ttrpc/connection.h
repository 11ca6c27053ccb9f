// SPDX-License-Identifier: Apache-2.0
//
// One ttrpc connection over any byte stream that epoll knows: a unix socket, vsock or a
// virtio-serial port. Used by the client and the server; belongs to one io_context and one thread.
#pragma once

#include <array>
#include <asio/awaitable.hpp>
#include <asio/posix/stream_descriptor.hpp>
#include <asio/steady_timer.hpp>
#include <deque>
#include <memory>
#include <optional>
#include <string>

#include "runtime/base/fd.h"
#include "runtime/wire/ttrpc/frame.h"
#include "runtime/wire/ttrpc/piped_bytes.h"

namespace kata::wire {

/// A frame's payload in up to three pieces, in this order, none of which is copied again on its
/// way.
struct Payload {
  std::string head;
  std::string body;
  std::shared_ptr<PipedBytes> piped;

  [[nodiscard]] std::size_t size() const {
    return head.size() + body.size() + (piped ? piped->size() : 0);
  }
};

class Connection : public std::enable_shared_from_this<Connection> {
 public:
  /// Takes the descriptor and makes it non-blocking.
  Connection(asio::any_io_executor executor, UniqueFd fd);

  /// The next frame; nothing at end of file or after close(). Throws Error for a frame that breaks
  /// the protocol.
  [[nodiscard]] asio::awaitable<std::optional<Frame>> read();
  /// Queues a frame; frames leave in order. Does nothing after close(). Throws Error as
  /// encode_frame_header does.
  void send(std::uint32_t stream_id, FrameType type, Payload payload);
  /// Returns at once while little is queued, else when the peer has taken it: a server that waits
  /// here before each read() cannot be filled up by a peer that asks and never reads.
  [[nodiscard]] asio::awaitable<void> wait_until_drained();
  /// Whether the peer leaves so much unread that nothing more should be sent.
  [[nodiscard]] bool is_congested() const { return queued_bytes_ > kMaxQueued; }
  /// Ends reads and drops what is queued.
  void close();
  [[nodiscard]] bool is_open() const { return stream_.is_open(); }
  [[nodiscard]] asio::any_io_executor executor() { return stream_.get_executor(); }

 private:
  static constexpr std::size_t kMaxQueued = 2 * kMaxFramePayload;
  using Buffer = std::array<char, 128U << 10>;  // large: stdio comes in pieces of this size

  asio::awaitable<void> write_queued();
  asio::awaitable<void> write_all(std::string bytes);
  /// Splices what it can, and copies what it cannot.
  asio::awaitable<void> write_piped(std::shared_ptr<PipedBytes> piped);

  asio::posix::stream_descriptor stream_;
  std::unique_ptr<Buffer> buffer_;  // kept: a peer may send ten thousand frames in one buffer
  FrameParser parser_;
  std::deque<Payload> queue_;  // heads have the frames' own
  std::size_t queued_bytes_ = 0;
  asio::steady_timer drained_;  // cancelled when less is queued, or on close()
  bool can_splice_ = true;      // a stream socket of vsock would make a packet of each page
  bool writing_ = false;
};

}  // namespace kata::wire
