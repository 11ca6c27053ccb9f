// SPDX-License-Identifier: Apache-2.0
#include "runtime/wire/ttrpc/connection.h"

#include <sys/socket.h>

#include <algorithm>
#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/redirect_error.hpp>
#include <asio/use_awaitable.hpp>
#include <asio/write.hpp>

#include "runtime/base/log.h"

namespace kata::wire {
namespace {

constexpr std::size_t kWorthItsOwnWrite = 4096;

bool is_vsock(int fd) {
  int domain = 0;
  socklen_t size = sizeof domain;
  return ::getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &size) == 0 && domain == AF_VSOCK;
}

}  // namespace

Connection::Connection(asio::any_io_executor executor, UniqueFd fd)
    : stream_(executor), drained_(executor) {
  drained_.expires_at(asio::steady_timer::time_point::max());
  set_nonblocking(fd.get(), true);
  can_splice_ = !is_vsock(fd.get());
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

void Connection::send(std::uint32_t stream_id, FrameType type, Payload payload) {
  if (!stream_.is_open()) return;
  std::string head = encode_frame_header(stream_id, type, payload.size());
  head += payload.head;
  // A write of its own costs more than copying a little.
  if (payload.body.size() <= kWorthItsOwnWrite) {
    head += payload.body;
    payload.body.clear();
  }
  payload.head = std::move(head);
  queued_bytes_ += payload.size();
  queue_.push_back(std::move(payload));
  if (writing_) return;
  writing_ = true;
  const std::shared_ptr<Connection> self = shared_from_this();
  asio::co_spawn(
      stream_.get_executor(), [self]() { return self->write_queued(); }, asio::detached);
}

asio::awaitable<void> Connection::write_queued() {
  const std::shared_ptr<Connection> self = shared_from_this();
  while (!queue_.empty()) {
    Payload next = std::move(queue_.front());
    queue_.pop_front();
    const std::size_t size = next.size();
    try {
      co_await write_all(std::move(next.head));
      if (!next.body.empty()) co_await write_all(std::move(next.body));
      if (next.piped) co_await write_piped(std::move(next.piped));
    } catch (const std::exception& error) {
      // A frame whose end is missing would take what follows it for its own.
      log::debug("ttrpc write ended error=\"{}\"", error.what());
      close();
      break;
    }
    queued_bytes_ -= std::min(size, queued_bytes_);
    if (!is_congested()) drained_.cancel();
  }
  writing_ = false;
}

asio::awaitable<void> Connection::write_all(std::string bytes) {
  co_await asio::async_write(stream_, asio::buffer(bytes), asio::use_awaitable);
}

asio::awaitable<void> Connection::write_piped(std::shared_ptr<PipedBytes> piped) {
  while (piped->size() > 0 && stream_.is_open()) {
    if (!can_splice_) {
      co_await write_all(piped->read_some());
    } else if (!piped->give_to(stream_.native_handle())) {
      co_await stream_.async_wait(asio::posix::stream_descriptor::wait_write, asio::use_awaitable);
    }
  }
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
