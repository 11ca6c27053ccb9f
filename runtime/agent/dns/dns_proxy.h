// SPDX-License-Identifier: Apache-2.0
//
// A name server that knows nothing: it takes queries of the guest's programs at an address of the
// loopback, hands them to the host, which can reach the engine's resolver, and gives the answers
// back to whoever asked.
#pragma once

#include <asio/any_io_executor.hpp>
#include <asio/awaitable.hpp>
#include <asio/posix/stream_descriptor.hpp>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "runtime/agent/process/event.h"
#include "runtime/base/fd.h"

namespace kata::agent {

class DnsProxy : public std::enable_shared_from_this<DnsProxy> {
 public:
  struct Query {
    std::uint64_t id = 0;
    bool tcp = false;
    std::string message;
  };

  static constexpr std::size_t kMaxQueries =
      256;  ///< waiting for an answer; the oldest is dropped for a new one
  static constexpr std::size_t kMaxConnections = 64;  ///< over TCP
  static constexpr std::chrono::seconds kTimeout{
      10};  ///< of a query, and of an idle TCP connection

  explicit DnsProxy(const asio::any_io_executor& executor);
  /// Listens at the IPv4 address, UDP and TCP, and serves in the background. Throws Error.
  void start(const std::string& address, std::uint16_t port = 53);

  /// Parked until a program asks. Throws Error(cancelled) when the call ends.
  [[nodiscard]] asio::awaitable<Query> next_query();
  /// Gives the answer to whoever asked; does nothing when that query is gone or the message is
  /// empty.
  void answer(std::uint64_t id, std::string_view message);

 private:
  using Descriptor = std::shared_ptr<asio::posix::stream_descriptor>;
  struct Asker {
    Descriptor socket;    // of the connection, or the UDP socket
    std::string address;  // sockaddr of a UDP asker; empty for TCP
    std::chrono::steady_clock::time_point asked;
  };

  asio::awaitable<void> serve_udp(Descriptor socket);
  asio::awaitable<void> serve_tcp(Descriptor listener);
  asio::awaitable<void> serve_connection(Descriptor connection);
  void add_query(Asker asker, std::string message, bool tcp);
  void drop_stale();

  asio::any_io_executor executor_;
  std::uint64_t next_id_ = 1;
  std::size_t connections_ = 0;
  std::map<std::uint64_t, Asker> askers_;
  std::deque<Query> queue_;
  Event queued_;
};

}  // namespace kata::agent
