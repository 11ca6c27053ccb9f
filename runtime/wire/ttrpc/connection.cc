// SPDX-License-Identifier: Apache-2.0
#include "runtime/wire/ttrpc/connection.h"

#include <algorithm>
#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/redirect_error.hpp>
#include <asio/use_awaitable.hpp>
#include <asio/write.hpp>

#include "runtime/base/log.h"

namespace kata::wire {

Connection::Connection(asio::any_io_executor executor, UniqueFd fd)
    : stream_(executor), drained_(executor) {
  drained_.expires_at(asio::steady_timer::time_point::max());
  set_nonblocking(fd.get(), true);
  stream_.assign(fd.release());
}

asio::awaitable<std::optional<Frame>> Connection::read() {
  const std::shared_ptr<Connection> self = shared_from_this();
  if (!buffer_) buffer_ = std::make_unique_for_overwrite<Buffer>();
  for (;;) {
    if (std::optional<Frame> frame = parser_.next()) co_return frame;
    if (!stream_.is_open()) co_return std::nullopt;
    std::error_code error;
    const std::size_t count = co_await stream_.async_read_some(
        asio::buffer(*buffer_), asio::redirect_error(asio::use_awaitable, error));
    if (error || count == 0) {
      close();
      co_return std::nullopt;
    }
    parser_.feed(std::string_view(buffer_->data(), count));
  }
}

void Connection::send(std::uint32_t stream_id, FrameType type, std::string_view payload) {
  if (!stream_.is_open()) return;
  queue_.push_back(encode_frame(stream_id, type, payload));
  queued_bytes_ += queue_.back().size();
  if (writing_) return;
  writing_ = true;
  const std::shared_ptr<Connection> self = shared_from_this();
  asio::co_spawn(
      stream_.get_executor(), [self]() { return self->write_queued(); }, asio::detached);
}

asio::awaitable<void> Connection::write_queued() {
  const std::shared_ptr<Connection> self = shared_from_this();
  while (!queue_.empty()) {
    const std::string bytes = std::move(queue_.front());
    queue_.pop_front();
    std::error_code error;
    co_await asio::async_write(stream_, asio::buffer(bytes),
                               asio::redirect_error(asio::use_awaitable, error));
    if (error) {
      log::debug("ttrpc write ended error=\"{}\"", error.message());
      close();
      break;
    }
    queued_bytes_ -= std::min(bytes.size(), queued_bytes_);
    if (!is_congested()) drained_.cancel();
  }
  writing_ = false;
}

asio::awaitable<void> Connection::wait_until_drained() {
  const std::shared_ptr<Connection> self = shared_from_this();
  while (is_congested() && stream_.is_open()) {
    std::error_code cancelled;
    co_await drained_.async_wait(asio::redirect_error(asio::use_awaitable, cancelled));
  }
}

void Connection::close() {
  queue_.clear();
  queued_bytes_ = 0;
  drained_.cancel();
  if (stream_.is_open()) stream_.close();
}

}  // namespace kata::wire
