// SPDX-License-Identifier: Apache-2.0
#include "runtime/wire/ttrpc/client.h"

#include <poll.h>
#include <unistd.h>

#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/redirect_error.hpp>
#include <asio/use_awaitable.hpp>
#include <cerrno>

#include "runtime/base/foreign_text.h"
#include "runtime/base/io.h"
#include "runtime/base/log.h"
#include "runtime/wire/ttrpc/bytes_field.h"
#include "ttrpc.pb.h"

namespace kata::wire {
namespace {

constexpr std::size_t kMaxErrorText = 64U << 10;  // of an error; what our own server sends at most

std::string request_bytes(std::string_view service, std::string_view method, std::string payload,
                          std::chrono::milliseconds deadline) {
  ttrpc::Request request;
  request.set_service(std::string(service));
  request.set_method(std::string(method));
  request.set_payload(std::move(payload));
  request.set_timeout_nano(std::chrono::nanoseconds(deadline).count());
  std::string bytes = request.SerializeAsString();
  if (bytes.size() > kMaxFramePayload) {
    throw_error(Code::resource_exhausted, "call {}: request of {} bytes, ttrpc carries at most {}",
                method, bytes.size(), kMaxFramePayload);
  }
  return bytes;
}

/// The payload of a good answer; throws Error with the peer's words for a bad one.
std::string unwrap(const std::string& bytes) {
  ttrpc::Response response;
  if (!response.ParseFromString(bytes))
    throw_error(Code::data_loss, "ttrpc response is not a valid message");
  const int code = response.status().code();
  if (code != 0) {
    const bool known = code > 0 && code <= static_cast<int>(Code::unauthenticated);
    throw Error(known ? static_cast<Code>(code) : Code::unknown,
                foreign_lines(response.status().message(), kMaxErrorText));
  }
  return std::move(*response.mutable_payload());
}

/// Field 1 of the message in an answer. Throws Error as unwrap() does.
ReceivedBytes bytes_of(std::string answer) {
  // Anything but good and without words.
  if (!find_bytes_field(answer, ttrpc::Response::kStatusFieldNumber).empty()) (void)unwrap(answer);
  const std::string_view message = find_bytes_field(answer, ttrpc::Response::kPayloadFieldNumber);
  const std::string_view bytes = find_bytes_field(message, 1);
  ReceivedBytes result;
  result.begin = bytes.empty() ? 0 : static_cast<std::size_t>(bytes.data() - answer.data());
  result.size = bytes.size();
  result.message = std::move(answer);
  return result;
}

}  // namespace

Client::Client(asio::any_io_executor executor, UniqueFd fd)
    : executor_(executor), connection_(std::make_shared<Connection>(executor, std::move(fd))) {}

void Client::start() {
  const std::shared_ptr<Client> self = shared_from_this();
  asio::co_spawn(
      executor_, [self]() { return self->read_answers(); }, asio::detached);
}

asio::awaitable<void> Client::read_answers() {
  const std::shared_ptr<Client> self = shared_from_this();
  try {
    while (std::optional<Frame> frame = co_await connection_->read()) {
      const auto it = pending_.find(frame->stream_id);
      if (frame->type != FrameType::response || it == pending_.end())
        continue;  // late, or never asked for
      it->second->answer = std::move(frame->payload);
      it->second->timer.cancel();
      pending_.erase(it);
    }
    close(closed_because_);
  } catch (const Error& error) {
    close(error.what());
  }
}

void Client::close(std::string why) {
  closed_because_ = std::move(why);
  connection_->close();
  const auto waiting = std::move(pending_);
  pending_.clear();
  for (const auto& [id, call] : waiting) call->timer.cancel();
}

asio::awaitable<std::string> Client::call_bytes(std::string service, std::string method,
                                                std::string payload,
                                                std::chrono::milliseconds deadline) {
  const std::string name = method;
  const std::string answer =
      co_await call_raw(std::move(service), std::move(method), std::move(payload), deadline);
  co_return in_context([&] { return unwrap(answer); }, "{}", name);
}

asio::awaitable<ReceivedBytes> Client::call_for_bytes(std::string service, std::string method,
                                                      std::string payload,
                                                      std::chrono::milliseconds deadline) {
  const std::string name = method;
  std::string answer =
      co_await call_raw(std::move(service), std::move(method), std::move(payload), deadline);
  co_return in_context([&] { return bytes_of(std::move(answer)); }, "{}", name);
}

asio::awaitable<std::string> Client::call_raw(std::string service, std::string method,
                                              std::string payload,
                                              std::chrono::milliseconds deadline) {
  const std::shared_ptr<Client> self = shared_from_this();
  if (!connection_->is_open())
    throw_error(Code::unavailable, "call {}/{}: {}", service, method, closed_because_);
  std::string request = request_bytes(service, method, std::move(payload), deadline);
  if (connection_->is_congested()) {
    throw_error(Code::resource_exhausted, "call {}/{}: the peer does not read what it is sent",
                service, method);
  }
  // After two thousand million calls the numbers begin again, and some calls wait all the time.
  while (pending_.contains(next_id_)) next_id_ = next_stream_id(next_id_);
  const std::uint32_t id = next_id_;
  next_id_ = next_stream_id(next_id_);
  const auto call = std::make_shared<Pending>(Pending{asio::steady_timer(executor_), std::nullopt});
  if (deadline == kNoDeadline) {
    call->timer.expires_at(asio::steady_timer::time_point::max());
  } else {
    call->timer.expires_after(deadline);
  }
  pending_[id] = call;
  connection_->send(id, FrameType::request, {std::move(request), {}, {}});
  std::error_code error;
  co_await call->timer.async_wait(asio::redirect_error(asio::use_awaitable, error));
  pending_.erase(id);
  if (call->answer) co_return std::move(*call->answer);
  if (!connection_->is_open())
    throw_error(Code::unavailable, "call {}/{}: {}", service, method, closed_because_);
  if (error) throw_error(Code::cancelled, "call {}/{}: cancelled", service, method);
  throw_error(Code::deadline_exceeded, "call {}/{}: no answer within {} ms", service, method,
              deadline.count());
}

BlockingClient::BlockingClient(UniqueFd fd) : fd_(std::move(fd)) {}

std::uint32_t BlockingClient::send(std::string_view service, std::string_view method,
                                   const std::string& payload) {
  const std::uint32_t id = next_id_;
  next_id_ = next_stream_id(next_id_);
  write_all(fd_.get(), encode_frame(id, FrameType::request,
                                    request_bytes(service, method, payload, kNoDeadline)));
  asked_.insert(id);
  return id;
}

void BlockingClient::read_some() {
  char buffer[65536];
  ssize_t count;
  do {
    count = ::read(fd_.get(), buffer, sizeof buffer);
  } while (count < 0 && errno == EINTR);
  if (count < 0) throw_errno(errno, "read an answer of the sandbox process");
  if (count == 0) throw_error(Code::unavailable, "the sandbox process has closed the connection");
  parser_.feed(std::string_view(buffer, static_cast<std::size_t>(count)));
  while (std::optional<Frame> frame = parser_.next()) {
    if (frame->type != FrameType::response || asked_.erase(frame->stream_id) == 0) continue;
    answers_[frame->stream_id] = std::move(frame->payload);
  }
}

std::optional<std::string> BlockingClient::take_answer(std::uint32_t id) {
  const auto it = answers_.find(id);
  if (it == answers_.end()) return std::nullopt;
  const std::string bytes = std::move(it->second);
  answers_.erase(it);
  return unwrap(bytes);
}

std::string BlockingClient::receive(std::uint32_t id, std::chrono::milliseconds deadline) {
  using Clock = std::chrono::steady_clock;
  const Clock::time_point end = Clock::now() + deadline;
  for (;;) {
    if (std::optional<std::string> answer = take_answer(id)) return *std::move(answer);
    int wait_ms = -1;
    if (deadline != kNoDeadline) {
      const auto left =
          std::chrono::duration_cast<std::chrono::milliseconds>(end - Clock::now()).count();
      if (left <= 0) {
        asked_.erase(id);
        throw_error(Code::deadline_exceeded, "no answer of the sandbox process within {} ms",
                    deadline.count());
      }
      wait_ms = static_cast<int>(left) + 1;
    }
    pollfd poll_fd{fd_.get(), POLLIN, 0};
    const int ready = ::poll(&poll_fd, 1, wait_ms);
    if (ready < 0 && errno != EINTR) throw_errno(errno, "wait for the sandbox process");
    if (ready > 0) read_some();
  }
}

std::optional<std::string> BlockingClient::receive_ready(std::uint32_t id) {
  read_some();
  return take_answer(id);
}

}  // namespace kata::wire
