// SPDX-License-Identifier: Apache-2.0
//
// Unix sockets that stand in the guest for those of the host that are volumes of a container: a
// connection is handed to the host, which makes one on its side, and asks for what passes.
#pragma once

#include <sys/types.h>

#include <asio/any_io_executor.hpp>
#include <asio/awaitable.hpp>
#include <asio/posix/stream_descriptor.hpp>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "runtime/agent/process/event.h"

namespace kata::agent {

/// A socket of the host; see ListenSocketRequest in guest.proto.
struct HostSocket {
  std::string container_id;
  std::uint64_t number = 0;
  std::string path;  ///< in the guest
  bool datagrams = false;
  unsigned mode = 0600;
  uid_t uid = 0;
  gid_t gid = 0;
};

class SocketRelay : public std::enable_shared_from_this<SocketRelay> {
 public:
  struct Connection {
    std::uint64_t number = 0;
    std::uint64_t socket = 0;
    uid_t uid = 0;
    gid_t gid = 0;
    std::vector<gid_t> groups{};
  };

  static constexpr std::size_t kMaxConnections = 256;  ///< more wait until one has ended
  static constexpr std::size_t kMaxSockets = 1024;

  explicit SocketRelay(const asio::any_io_executor& executor);
  /// Makes the socket and serves it in the background. Throws Error.
  void listen(HostSocket socket);
  /// Removes a container's sockets and ends their connections.
  void remove(const std::string& container_id);

  /// Parked until a program connects. Throws Error(cancelled) when the call ends.
  [[nodiscard]] asio::awaitable<Connection> next_connection();
  /// Parked until the program has written, at most 256 KiB; "" when it has ended its side. Throws
  /// Error(not_found) for a connection that is closed.
  [[nodiscard]] asio::awaitable<std::string> read(std::uint64_t connection);
  /// Returns when the kernel has taken it all. Throws Error.
  [[nodiscard]] asio::awaitable<void> write(std::uint64_t connection, std::string data);
  /// The program reads the end of the stream.
  void shut_down(std::uint64_t connection);
  void close(std::uint64_t connection);

 private:
  using Descriptor = std::shared_ptr<asio::posix::stream_descriptor>;
  struct Listener {
    HostSocket socket;
    Descriptor descriptor;
  };
  struct Open {
    std::uint64_t socket = 0;
    Descriptor descriptor;
  };

  asio::awaitable<void> accept(std::uint64_t socket, Descriptor listener);
  void add_connection(Connection connection, Descriptor descriptor);
  [[nodiscard]] Descriptor descriptor_of(std::uint64_t connection) const;

  asio::any_io_executor executor_;
  std::map<std::uint64_t, Listener> listeners_;
  std::map<std::uint64_t, Open> connections_;
  std::deque<Connection> queue_;
  std::uint64_t next_number_ = 1;
  Event queued_;
  Event closed_;
};

}  // namespace kata::agent
