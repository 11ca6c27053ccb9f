// SPDX-License-Identifier: Apache-2.0
#include "runtime/wire/ttrpc/server.h"

#include <sys/socket.h>

#include <asio/bind_cancellation_slot.hpp>
#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/this_coro.hpp>
#include <asio/use_awaitable.hpp>
#include <cerrno>

#include "runtime/base/log.h"
#include "ttrpc.pb.h"

namespace kata::wire {
namespace {

std::string response_bytes(Code code, std::string_view message, std::string payload) {
  ttrpc::Response response;
  response.mutable_status()->set_code(static_cast<int>(code));
  response.mutable_status()->set_message(std::string(message));
  response.set_payload(std::move(payload));
  return response.SerializeAsString();
}

}  // namespace

asio::awaitable<void> Server::handle(std::shared_ptr<Connection> connection, std::shared_ptr<Calls> calls,
                                     Frame frame) {
  std::string reply;
  std::string name = "?";
  try {
    ttrpc::Request request;
    if (!request.ParseFromString(frame.payload)) throw_error(Code::invalid_argument, "ttrpc request is not a valid message");
    frame.payload = {};
    name = method_key(request.service(), request.method());
    const auto method = methods_.find(name);
    if (method == methods_.end()) throw_error(Code::unimplemented, "no method {}", name);
    log::trace("call method={}", name);
    std::string payload = co_await method->second(std::move(*request.mutable_payload()));
    reply = response_bytes(Code::ok, "", std::move(payload));
    if (reply.size() > kMaxFramePayload) throw_error(Code::resource_exhausted, "response of {} is too large", name);
  } catch (const Error& error) {
    log::debug("call failed method={} code={} error=\"{}\"", name, code_name(error.code()), error.what());
    reply = response_bytes(error.code(), error.what(), {});
  } catch (const std::exception& error) {
    log::debug("call failed method={} error=\"{}\"", name, error.what());
    reply = response_bytes(Code::internal, error.what(), {});
  }
  connection->send(frame.stream_id, FrameType::response, reply);
  calls->erase(frame.stream_id);
}

asio::awaitable<void> Server::serve(UniqueFd fd) {
  const asio::any_io_executor executor = co_await asio::this_coro::executor;
  const auto connection = std::make_shared<Connection>(executor, std::move(fd));
  const auto calls = std::make_shared<Calls>();
  for (;;) {
    std::optional<Frame> frame;
    try {
      frame = co_await connection->read();
    } catch (const Error& error) {
      log::warn("ttrpc connection dropped error=\"{}\"", error.what());
      connection->close();
    }
    if (!frame) break;
    if (frame->type != FrameType::request) continue;
    if (calls->size() >= kMaxCalls || calls->contains(frame->stream_id)) {
      connection->send(frame->stream_id, FrameType::response,
                       response_bytes(Code::resource_exhausted, "too many calls in flight", {}));
      continue;
    }
    auto& signal = (*calls)[frame->stream_id];
    signal = std::make_unique<asio::cancellation_signal>();
    const asio::cancellation_slot slot = signal->slot();
    asio::co_spawn(executor, handle(connection, calls, std::move(*frame)),
                   asio::bind_cancellation_slot(slot, asio::detached));
  }
  // Cancelling may finish a handler on the spot, which erases its entry: walk over a copy of the ids.
  std::vector<std::uint32_t> ids;
  for (const auto& [id, signal] : *calls) ids.push_back(id);
  for (const std::uint32_t id : ids) {
    if (const auto it = calls->find(id); it != calls->end()) it->second->emit(asio::cancellation_type::terminal);
  }
}

asio::awaitable<void> Server::accept_and_serve(UniqueFd listener) {
  const asio::any_io_executor executor = co_await asio::this_coro::executor;
  set_nonblocking(listener.get(), true);
  asio::posix::stream_descriptor descriptor(executor, listener.release());
  for (;;) {
    co_await descriptor.async_wait(asio::posix::stream_descriptor::wait_read, asio::use_awaitable);
    UniqueFd peer(::accept4(descriptor.native_handle(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
    if (!peer) {
      if (errno != EAGAIN && errno != EINTR && errno != ECONNABORTED) {
        log::warn("accept failed error=\"{}\"", errno_text(errno));
      }
      continue;
    }
    asio::co_spawn(executor, serve(std::move(peer)), asio::detached);
  }
}

}  // namespace kata::wire
