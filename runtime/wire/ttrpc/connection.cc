// SPDX-License-Identifier: Apache-2.0
#include "runtime/wire/ttrpc/connection.h"

#include <array>
#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/redirect_error.hpp>
#include <asio/use_awaitable.hpp>
#include <asio/write.hpp>

#include "runtime/base/log.h"

namespace kata::wire {

Connection::Connection(asio::any_io_executor executor, UniqueFd fd) : stream_(std::move(executor)) {
  set_nonblocking(fd.get(), true);
  stream_.assign(fd.release());
}

asio::awaitable<std::optional<Frame>> Connection::read() {
  const std::shared_ptr<Connection> self = shared_from_this();
  // On the heap and large: stdio comes in pieces of this size.
  const auto buffer = std::make_unique<std::array<char, 128U << 10>>();
  for (;;) {
    if (std::optional<Frame> frame = parser_.next()) co_return frame;
    if (!stream_.is_open()) co_return std::nullopt;
    std::error_code error;
    const std::size_t count = co_await stream_.async_read_some(
        asio::buffer(*buffer), asio::redirect_error(asio::use_awaitable, error));
    if (error || count == 0) {
      close();
      co_return std::nullopt;
    }
    parser_.feed(std::string_view(buffer->data(), count));
  }
}

void Connection::send(std::uint32_t stream_id, FrameType type, std::string_view payload) {
  if (!stream_.is_open()) return;
  queue_.push_back(encode_frame(stream_id, type, payload));
  if (writing_) return;
  writing_ = true;
  const std::shared_ptr<Connection> self = shared_from_this();
  asio::co_spawn(stream_.get_executor(), [self]() { return self->write_queued(); }, asio::detached);
}

asio::awaitable<void> Connection::write_queued() {
  const std::shared_ptr<Connection> self = shared_from_this();
  while (!queue_.empty()) {
    const std::string bytes = std::move(queue_.front());
    queue_.pop_front();
    std::error_code error;
    co_await asio::async_write(stream_, asio::buffer(bytes), asio::redirect_error(asio::use_awaitable, error));
    if (error) {
      log::debug("ttrpc write ended error=\"{}\"", error.message());
      close();
      break;
    }
  }
  writing_ = false;
}

void Connection::close() {
  queue_.clear();
  if (stream_.is_open()) stream_.close();
}

}  // namespace kata::wire
