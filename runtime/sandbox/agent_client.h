// SPDX-License-Identifier: Apache-2.0
//
// The host's end of the agent's services: typed calls with the deadlines that this project gives
// them. Errors carry what the guest said, or which call on which container it did not answer well.
#pragma once

#include <asio/awaitable.hpp>
#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>

#include "agent.pb.h"
#include "guest.pb.h"
#include "health.pb.h"
#include "runtime/wire/ttrpc/client.h"

namespace kata::sandbox {

/// Deadlines of single methods in place of the usual ones, for tests of agents that do not answer.
using Deadlines = std::map<std::string, std::chrono::milliseconds, std::less<>>;

class AgentClient {
 public:
  /// Long enough for a busy host without KVM, short enough that a hung guest is noticed.
  static constexpr std::chrono::milliseconds kDeadline{60000};

  AgentClient(asio::any_io_executor executor, UniqueFd connection, Deadlines deadlines = {})
      : client_(std::make_shared<wire::Client>(std::move(executor), std::move(connection))),
        deadlines_(std::move(deadlines)) {
    client_->start();
  }
  ~AgentClient() { close("the sandbox has ended"); }
  AgentClient(const AgentClient&) = delete;
  AgentClient& operator=(const AgentClient&) = delete;

  /// A method of grpc.AgentService.
  template <typename Response, typename Request>
  asio::awaitable<Response> call(std::string method, Request request,
                                 std::chrono::milliseconds deadline = kDeadline) {
    deadline = deadline_of(method, deadline);
    return call_method<Response>(client_, "grpc.AgentService", std::move(method),
                                 std::move(request), deadline);
  }
  /// A method of our own kata.guest.GuestService; an upstream agent answers `unimplemented`.
  template <typename Response, typename Request>
  asio::awaitable<Response> call_guest(std::string method, Request request,
                                       std::chrono::milliseconds deadline = kDeadline) {
    deadline = deadline_of(method, deadline);
    return call_method<Response>(client_, "kata.guest.GuestService", std::move(method),
                                 std::move(request), deadline);
  }
  /// What one of its outputs has: ReadStdout, ReadStderr.
  template <typename Request>
  asio::awaitable<wire::ReceivedBytes> read(std::string method, Request request) {
    return read_bytes(client_, std::move(method), std::move(request));
  }
  /// An answer, and with it all that the guest had to say before.
  asio::awaitable<void> check(std::chrono::milliseconds deadline) {
    return check_health(client_, deadline_of("Check", deadline));
  }
  /// Fails every call in flight with `unavailable: why`.
  void close(std::string why) { client_->close(std::move(why)); }
  [[nodiscard]] bool is_open() const { return client_->is_open(); }

 private:
  /// What a request is about: "container c1", "process e1 of container c1", or nothing.
  template <typename Request>
  static std::string subject_of(const Request& request) {
    std::string subject;
    if constexpr (requires { request.exec_id(); }) {
      if (!request.exec_id().empty() && request.exec_id() != request.container_id())
        subject = "process " + request.exec_id() + " of ";
    }
    if constexpr (requires { request.container_id(); })
      subject += "container " + request.container_id();
    return subject;
  }

  /// What the guest says of its own accord names its container; that there is no good answer does
  /// not.
  static bool is_no_answer(Code code) {
    return code == Code::unavailable || code == Code::deadline_exceeded ||
           code == Code::data_loss || code == Code::resource_exhausted;
  }

  // Static: the coroutine may outlive this object.
  template <typename Response, typename Request>
  static asio::awaitable<Response> call_method(std::shared_ptr<wire::Client> client,
                                               std::string service, std::string method,
                                               Request request,
                                               std::chrono::milliseconds deadline) {
    const std::string subject = subject_of(request);
    try {
      Response response = co_await client->call<Response>(std::move(service), std::move(method),
                                                          std::move(request), deadline);
      co_return response;
    } catch (Error& error) {
      if (!subject.empty() && is_no_answer(error.code())) error.add_context(subject);
      throw;
    }
  }

  template <typename Request>
  static asio::awaitable<wire::ReceivedBytes> read_bytes(std::shared_ptr<wire::Client> client,
                                                         std::string method, Request request) {
    const std::string subject = subject_of(request);
    try {
      wire::ReceivedBytes bytes = co_await client->call_for_bytes(
          "grpc.AgentService", std::move(method), request.SerializeAsString(), wire::kNoDeadline);
      co_return bytes;
    } catch (Error& error) {
      if (!subject.empty() && is_no_answer(error.code())) error.add_context(subject);
      throw;
    }
  }

  static asio::awaitable<void> check_health(std::shared_ptr<wire::Client> client,
                                            std::chrono::milliseconds deadline) {
    co_await call_method<grpc::HealthCheckResponse>(std::move(client), "grpc.Health", "Check",
                                                    grpc::CheckRequest(), deadline);
  }

  [[nodiscard]] std::chrono::milliseconds deadline_of(const std::string& method,
                                                      std::chrono::milliseconds usual) const {
    const auto found = deadlines_.find(method);
    return found == deadlines_.end() ? usual : found->second;
  }

  std::shared_ptr<wire::Client> client_;
  Deadlines deadlines_;
};

}  // namespace kata::sandbox
