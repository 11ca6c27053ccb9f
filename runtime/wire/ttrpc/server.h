// SPDX-License-Identifier: Apache-2.0
//
// The serving end of ttrpc. Handlers are typed and thin; the dispatcher alone decodes, catches, maps errors to status
// codes and logs, once.
#pragma once

#include <asio/awaitable.hpp>
#include <asio/cancellation_signal.hpp>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "runtime/base/error.h"
#include "runtime/base/fd.h"
#include "runtime/wire/ttrpc/connection.h"

namespace kata::wire {

/// Stands for google.protobuf.Empty on either side of a call: zero bytes; what a peer sends in it is not read.
struct Empty {
  [[nodiscard]] std::string SerializeAsString() const { return {}; }
  bool ParseFromArray(const void*, int) { return true; }
};

class Server {
 public:
  /// Calls in flight on one connection; more are answered with resource_exhausted.
  static constexpr std::size_t kMaxCalls = 4096;

  /// Registers `handler(Request) -> awaitable<Response>`; an Error it throws becomes the call's status. The handler is
  /// cancelled (asio operations end with operation_aborted) when its connection ends.
  template <typename Request, typename Response, typename Handler>
  void on(std::string_view service, std::string_view method, Handler handler) {
    methods_[method_key(service, method)] = [handler = std::move(handler)](std::string payload) {
      return run_typed<Request, Response>(handler, std::move(payload));
    };
  }

  /// Serves one connection until the peer closes it or breaks the protocol. The server must outlive it.
  asio::awaitable<void> serve(UniqueFd fd);
  /// Accepts on a listening unix or vsock socket and serves each connection; ends when cancelled.
  asio::awaitable<void> accept_and_serve(UniqueFd listener);

 private:
  using Method = std::function<asio::awaitable<std::string>(std::string)>;
  using Calls = std::map<std::uint32_t, std::unique_ptr<asio::cancellation_signal>>;

  static std::string method_key(std::string_view service, std::string_view method) {
    return std::string(service) + "/" + std::string(method);
  }

  template <typename Request, typename Response, typename Handler>
  static asio::awaitable<std::string> run_typed(const Handler& handler, std::string payload) {
    Request request;
    if (!request.ParseFromArray(payload.data(), static_cast<int>(payload.size()))) {
      throw_error(Code::invalid_argument, "request is not a valid message");
    }
    payload.clear();
    payload.shrink_to_fit();
    const Response response = co_await handler(std::move(request));
    co_return response.SerializeAsString();
  }

  asio::awaitable<void> handle(std::shared_ptr<Connection> connection, std::shared_ptr<Calls> calls, Frame frame);

  std::map<std::string, Method, std::less<>> methods_;
};

}  // namespace kata::wire
