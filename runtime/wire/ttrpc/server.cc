// SPDX-License-Identifier: Apache-2.0
#include "runtime/wire/ttrpc/server.h"

#include <sys/socket.h>

#include <asio/bind_cancellation_slot.hpp>
#include <asio/cancellation_signal.hpp>
#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/steady_timer.hpp>
#include <asio/this_coro.hpp>
#include <asio/use_awaitable.hpp>
#include <cerrno>
#include <chrono>

#include "runtime/base/log.h"
#include "runtime/wire/ttrpc/bytes_field.h"
#include "ttrpc.pb.h"

namespace kata::wire {

/// One call that waits. The signal must outlive the coroutine that it cancels: the coroutine's
/// completion handler holds the last reference.
struct Server::Call {
  Call(std::uint32_t id, std::string method_name, const Method* method_entry)
      : stream_id(id), name(std::move(method_name)), method(method_entry) {}

  std::uint32_t stream_id;
  std::string name;
  const Method* method;
  asio::cancellation_signal signal;
  std::optional<asio::steady_timer> deadline;
  bool timed_out = false;
  bool abandoned = false;  // whoever asked is gone: no answer
};

namespace {

constexpr std::size_t kMaxOwnErrorText = 64U << 10;

/// Error texts quote what the peer sent or the kernel holds: cut to a sane length, and made what a
/// protobuf string must be, since the receiver refuses a message with a stray byte.
std::string wire_text(std::string_view text) {
  std::string clean(text.substr(0, kMaxOwnErrorText));
  for (char& c : clean) {
    if (static_cast<unsigned char>(c) >= 0x80) c = '?';
  }
  return clean;
}

std::string response_bytes(Code code, std::string_view message) {
  ttrpc::Response response;
  response.mutable_status()->set_code(static_cast<int>(code));
  if (!message.empty()) response.mutable_status()->set_message(wire_text(message));
  return response.SerializeAsString();
}

/// Throws Error(resource_exhausted) for a message that no frame can carry.
Payload good_response(std::string_view name, Payload message) {
  std::string head = response_bytes(Code::ok, "");
  if (message.size() > 0)
    head += bytes_field_head(ttrpc::Response::kPayloadFieldNumber, message.size());
  message.head.insert(0, head);
  if (message.size() > kMaxFramePayload) {
    throw_error(Code::resource_exhausted, "response of {} is too large: {} bytes", name,
                message.size());
  }
  return message;
}

Payload bad_response(std::string_view name, Code code, const char* what) {
  log::debug("call failed method={} code={} error=\"{}\"", name, code_name(code), what);
  return {response_bytes(code, what), {}, {}};
}

}  // namespace

asio::awaitable<void> Server::run_parked(std::shared_ptr<Connection> connection,
                                         std::shared_ptr<Call> call, std::string payload) {
  Payload reply;
  try {
    Payload answer = co_await call->method->parked(std::move(payload));
    reply = good_response(call->name, std::move(answer));
  } catch (const Error& error) {
    reply = bad_response(call->name, call->timed_out ? Code::deadline_exceeded : error.code(),
                         error.what());
  } catch (const std::exception& error) {
    reply = bad_response(call->name, call->timed_out ? Code::deadline_exceeded : Code::internal,
                         error.what());
  }
  if (call->deadline) call->deadline->cancel();
  if (!call->abandoned) connection->send(call->stream_id, FrameType::response, std::move(reply));
}

void Server::begin_call(const std::shared_ptr<Connection>& connection,
                        const std::shared_ptr<Calls>& calls, Frame frame) {
  std::string name = "?";
  Payload reply;
  try {
    if (calls->size() >= kMaxCalls)
      throw_error(Code::resource_exhausted, "more than {} calls in flight", kMaxCalls);
    if (calls->contains(frame.stream_id)) {
      throw_error(Code::invalid_argument, "stream {} is in use", frame.stream_id);
    }
    ttrpc::Request request;
    if (!request.ParseFromString(frame.payload)) {
      throw_error(Code::invalid_argument, "ttrpc request is not a valid message");
    }
    frame.payload = {};
    name = method_key(request.service(), request.method());
    const auto method = methods_.find(name);
    if (method == methods_.end()) throw_error(Code::unimplemented, "no method {}", name);
    log::trace("call method={}", name);
    if (method->second.parked) {
      const auto call = std::make_shared<Call>(frame.stream_id, std::move(name), &method->second);
      (*calls)[frame.stream_id] = call;
      if (request.timeout_nano() > 0) {
        call->deadline.emplace(connection->executor(),
                               std::chrono::nanoseconds(request.timeout_nano()));
        call->deadline->async_wait([weak = std::weak_ptr<Call>(call)](std::error_code cancelled) {
          const std::shared_ptr<Call> late = cancelled ? nullptr : weak.lock();
          if (!late) return;
          late->timed_out = true;
          late->signal.emit(asio::cancellation_type::terminal);
        });
      }
      asio::co_spawn(connection->executor(),
                     run_parked(connection, call, std::move(*request.mutable_payload())),
                     asio::bind_cancellation_slot(call->signal.slot(),
                                                  [calls, call](const std::exception_ptr&) {
                                                    calls->erase(call->stream_id);
                                                  }));
      return;
    }
    reply = good_response(name, {{}, method->second.now(request.payload()), {}});
  } catch (const Error& error) {
    reply = bad_response(name, error.code(), error.what());
  } catch (const std::exception& error) {
    reply = bad_response(name, Code::internal, error.what());
  }
  connection->send(frame.stream_id, FrameType::response, std::move(reply));
}

void Server::cancel_all(const Calls& calls) {
  // Cancelling may end a call on the spot, which changes the map: walk over a copy.
  std::vector<std::shared_ptr<Call>> open;
  for (const auto& [id, call] : calls) open.push_back(call);
  for (const std::shared_ptr<Call>& call : open) {
    if (call->deadline) call->deadline->cancel();
    call->abandoned = true;
    call->signal.emit(asio::cancellation_type::terminal);
  }
}

asio::awaitable<void> Server::serve(UniqueFd fd) {
  const asio::any_io_executor executor = co_await asio::this_coro::executor;
  const auto connection = std::make_shared<Connection>(executor, std::move(fd));
  auto calls = std::make_shared<Calls>();
  bool fresh = true;
  for (;;) {
    std::optional<Frame> frame;
    try {
      co_await connection->wait_until_drained();
      frame = co_await connection->read();
    } catch (const std::exception& error) {
      log::warn("ttrpc connection dropped error=\"{}\"", error.what());
      connection->close();
    }
    if (!frame) break;
    if (frame->type != FrameType::request) continue;
    // Clients count their streams from 1. On a virtio-serial port the peer may leave and another
    // one come without the guest noticing; the calls of the one that left must neither block nor
    // answer those of the new one.
    if (frame->stream_id == 1 && !fresh) {
      log::debug("ttrpc peer started over calls={}", calls->size());
      cancel_all(*calls);
      calls = std::make_shared<Calls>();
    }
    fresh = false;
    begin_call(connection, calls, std::move(*frame));
  }
  cancel_all(*calls);
}

asio::awaitable<void> Server::accept_and_serve(UniqueFd listener) {
  const asio::any_io_executor executor = co_await asio::this_coro::executor;
  set_nonblocking(listener.get(), true);
  asio::posix::stream_descriptor descriptor(executor, listener.release());
  asio::steady_timer pause(executor);
  for (;;) {
    co_await descriptor.async_wait(asio::posix::stream_descriptor::wait_read, asio::use_awaitable);
    UniqueFd peer(
        ::accept4(descriptor.native_handle(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
    if (!peer) {
      if (errno == EAGAIN || errno == EINTR || errno == ECONNABORTED) continue;
      log::warn("accept failed error=\"{}\"", errno_text(errno));
      pause.expires_after(
          std::chrono::milliseconds(100));  // out of descriptors: the listener stays readable
      co_await pause.async_wait(asio::use_awaitable);
      continue;
    }
    asio::co_spawn(executor, serve(std::move(peer)), asio::detached);
  }
}

}  // namespace kata::wire
