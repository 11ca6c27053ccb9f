// SPDX-License-Identifier: Apache-2.0
//
// The serving end of ttrpc. Handlers are typed and thin; the dispatcher alone decodes, catches,
// maps errors to status codes and logs, once.
#pragma once

#include <asio/awaitable.hpp>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "runtime/base/error.h"
#include "runtime/base/fd.h"
#include "runtime/wire/ttrpc/bytes_field.h"
#include "runtime/wire/ttrpc/connection.h"

namespace kata::wire {

/// Stands for google.protobuf.Empty on either side of a call: zero bytes; what a peer sends in it
/// is not read.
struct Empty {
  [[nodiscard]] std::string SerializeAsString() const { return {}; }
  bool ParseFromArray(const void*, int) { return true; }
};

/// An answer that is one field of bytes, number 1 of its message, and may be large: it goes out as
/// it is, never copied into a message.
struct BytesAnswer {
  std::string bytes;
  std::shared_ptr<PipedBytes> piped;  ///< in place of `bytes`
};

class Server {
 public:
  /// Calls in flight on one connection; more are answered with resource_exhausted.
  static constexpr std::size_t kMaxCalls = 4096;

  /// Registers `handler(Request) -> awaitable<Response>`; an Error it throws becomes the call's
  /// status. The handler is cancelled (asio operations end with operation_aborted) when its
  /// connection ends or the caller's deadline passes.
  template <typename Request, typename Response, typename Handler>
  void on(std::string_view service, std::string_view method, Handler handler) {
    methods_[method_key(service, method)].parked = [handler =
                                                        std::move(handler)](std::string payload) {
      return run_typed<Request, Response>(handler, std::move(payload));
    };
  }

  /// Registers `handler(Request) -> awaitable<BytesAnswer>`, as on().
  template <typename Request, typename Handler>
  void on_bytes(std::string_view service, std::string_view method, Handler handler) {
    methods_[method_key(service, method)].parked = [handler =
                                                        std::move(handler)](std::string payload) {
      return run_bytes<Request>(handler, std::move(payload));
    };
  }

  /// Registers `handler(const Request&) -> Response` that never waits: it costs no coroutine, and
  /// such calls of one connection are carried out and answered in the order of their arrival.
  template <typename Request, typename Response, typename Handler>
  void on_now(std::string_view service, std::string_view method, Handler handler) {
    methods_[method_key(service, method)].now =
        [handler = std::move(handler)](const std::string& payload) {
          const Response response = handler(parse<Request>(payload));
          return response.SerializeAsString();
        };
  }

  /// Serves one connection until the peer closes it or breaks the protocol. The server must outlive
  /// it.
  asio::awaitable<void> serve(UniqueFd fd);
  /// Accepts on a listening unix or vsock socket and serves each connection; ends when cancelled.
  asio::awaitable<void> accept_and_serve(UniqueFd listener);

 private:
  /// One of the two is set.
  struct Method {
    std::function<std::string(const std::string&)> now;
    std::function<asio::awaitable<Payload>(std::string)> parked;  // the message in pieces
  };
  struct Call;
  using Calls = std::map<std::uint32_t, std::shared_ptr<Call>>;

  static std::string method_key(std::string_view service, std::string_view method) {
    return std::string(service) + "/" + std::string(method);
  }

  template <typename Request, typename Response, typename Handler>
  static asio::awaitable<Payload> run_typed(const Handler& handler, std::string payload) {
    Request request = parse<Request>(payload);
    payload = {};  // a parked call holds its request once, not twice
    const Response response = co_await handler(std::move(request));
    Payload answer;
    answer.body = response.SerializeAsString();
    co_return answer;
  }

  template <typename Request, typename Handler>
  static asio::awaitable<Payload> run_bytes(const Handler& handler, std::string payload) {
    Request request = parse<Request>(payload);
    payload = {};
    BytesAnswer bytes = co_await handler(std::move(request));
    Payload answer{{}, std::move(bytes.bytes), std::move(bytes.piped)};
    if (answer.size() > 0) answer.head = bytes_field_head(1, answer.size());
    co_return answer;
  }

  template <typename Request>
  static Request parse(const std::string& payload) {
    Request request;
    if (!request.ParseFromArray(payload.data(), static_cast<int>(payload.size()))) {
      throw_error(Code::invalid_argument, "request is not a valid message");
    }
    return request;
  }

  /// Answers a call that needs no waiting; hands any other to run_parked().
  void begin_call(const std::shared_ptr<Connection>& connection,
                  const std::shared_ptr<Calls>& calls, Frame frame);
  asio::awaitable<void> run_parked(std::shared_ptr<Connection> connection,
                                   std::shared_ptr<Call> call, std::string payload);
  static void cancel_all(const Calls& calls);

  std::map<std::string, Method, std::less<>> methods_;
};

}  // namespace kata::wire
