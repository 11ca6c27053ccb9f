// SPDX-License-Identifier: Apache-2.0
//
// The calling end of ttrpc: Client for coroutines (many calls at once over one connection),
// BlockingClient for the command line, which needs no event loop.
#pragma once

#include <asio/awaitable.hpp>
#include <asio/steady_timer.hpp>
#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "runtime/base/error.h"
#include "runtime/base/fd.h"
#include "runtime/wire/ttrpc/bytes_field.h"
#include "runtime/wire/ttrpc/connection.h"
#include "runtime/wire/ttrpc/server.h"

namespace kata::wire {

/// A deadline of zero: the call is parked at the peer and ends with the connection.
inline constexpr std::chrono::milliseconds kNoDeadline{0};

class Client : public std::enable_shared_from_this<Client> {
 public:
  Client(asio::any_io_executor executor, UniqueFd fd);
  /// Starts reading; call once, right after construction with make_shared.
  void start();

  /// One call. Throws Error with the peer's code and message; deadline_exceeded when no answer came
  /// in time; unavailable when the connection has ended.
  template <typename Response, typename Request>
  asio::awaitable<Response> call(std::string service, std::string method, Request request,
                                 std::chrono::milliseconds deadline) {
    const std::string payload =
        co_await call_bytes(service, method, request.SerializeAsString(), deadline);
    Response response;
    if (!response.ParseFromArray(payload.data(), static_cast<int>(payload.size()))) {
      throw_error(Code::data_loss, "call {}/{}: the answer is not a valid message", service,
                  method);
    }
    co_return response;
  }
  asio::awaitable<std::string> call_bytes(std::string service, std::string method,
                                          std::string payload, std::chrono::milliseconds deadline);

  /// As call(), for an answer that is one field of bytes, number 1, and may be large.
  asio::awaitable<ReceivedBytes> call_for_bytes(std::string service, std::string method,
                                                std::string payload,
                                                std::chrono::milliseconds deadline);

  /// Fails what is in flight with `unavailable: why`, and every later call.
  void close(std::string why);
  [[nodiscard]] bool is_open() const { return connection_->is_open(); }

 private:
  struct Pending {
    asio::steady_timer timer;  // cancelled when the answer is there
    std::optional<std::string> answer;
  };

  asio::awaitable<void> read_answers();
  /// The answer's frame, as it came.
  asio::awaitable<std::string> call_raw(std::string service, std::string method,
                                        std::string payload, std::chrono::milliseconds deadline);

  asio::any_io_executor executor_;
  std::shared_ptr<Connection> connection_;
  std::map<std::uint32_t, std::shared_ptr<Pending>> pending_;
  std::uint32_t next_id_ = 1;
  std::string closed_because_ = "connection closed by the peer";
};

/// One request at a time over a blocking socket.
class BlockingClient {
 public:
  explicit BlockingClient(UniqueFd fd);

  template <typename Response, typename Request>
  Response call(std::string_view service, std::string_view method, const Request& request,
                std::chrono::milliseconds deadline) {
    return decode<Response>(receive(send(service, method, request.SerializeAsString()), deadline));
  }

  /// Sends a request and returns its stream id; the answer is fetched by receive() or
  /// receive_ready().
  std::uint32_t send(std::string_view service, std::string_view method, const std::string& payload);
  /// Waits for the answer to `id`. Throws as Client::call.
  std::string receive(std::uint32_t id, std::chrono::milliseconds deadline);
  /// After poll(2) says the descriptor is readable: the answer to `id` if it is there by now.
  std::optional<std::string> receive_ready(std::uint32_t id);
  [[nodiscard]] int fd() const { return fd_.get(); }

  template <typename Response>
  static Response decode(const std::string& payload) {
    Response response;
    if (!response.ParseFromArray(payload.data(), static_cast<int>(payload.size()))) {
      throw_error(Code::data_loss, "response is not a valid message");
    }
    return response;
  }

 private:
  void read_some();
  std::optional<std::string> take_answer(std::uint32_t id);

  UniqueFd fd_;
  FrameParser parser_;
  std::set<std::uint32_t> asked_;  // answers to anything else are dropped
  std::map<std::uint32_t, std::string> answers_;
  std::uint32_t next_id_ = 1;
};

}  // namespace kata::wire
