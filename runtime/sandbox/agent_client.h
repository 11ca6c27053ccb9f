// SPDX-License-Identifier: Apache-2.0
//
// The host's end of the agent's services: typed calls with the deadlines that this project gives
// them. Errors carry what the guest said.
#pragma once

#include <asio/awaitable.hpp>
#include <chrono>
#include <memory>
#include <string>
#include <utility>

#include "agent.pb.h"
#include "guest.pb.h"
#include "runtime/wire/ttrpc/client.h"

namespace kata::sandbox {

class AgentClient {
 public:
  /// Long enough for a busy host without KVM, short enough that a hung guest is noticed.
  static constexpr std::chrono::milliseconds kDeadline{60000};

  AgentClient(asio::any_io_executor executor, UniqueFd connection)
      : client_(std::make_shared<wire::Client>(std::move(executor), std::move(connection))) {
    client_->start();
  }
  ~AgentClient() { close("the sandbox has ended"); }
  AgentClient(const AgentClient&) = delete;
  AgentClient& operator=(const AgentClient&) = delete;

  /// A method of grpc.AgentService.
  template <typename Response, typename Request>
  asio::awaitable<Response> call(std::string method, Request request,
                                 std::chrono::milliseconds deadline = kDeadline) {
    return client_->call<Response>("grpc.AgentService", std::move(method), std::move(request),
                                   deadline);
  }
  /// A method of our own kata.guest.GuestService; an upstream agent answers `unimplemented`.
  template <typename Response, typename Request>
  asio::awaitable<Response> call_guest(std::string method, Request request,
                                       std::chrono::milliseconds deadline = kDeadline) {
    return client_->call<Response>("kata.guest.GuestService", std::move(method), std::move(request),
                                   deadline);
  }
  /// Fails every call in flight with `unavailable: why`.
  void close(std::string why) { client_->close(std::move(why)); }
  [[nodiscard]] bool is_open() const { return client_->is_open(); }

 private:
  std::shared_ptr<wire::Client> client_;
};

}  // namespace kata::sandbox
