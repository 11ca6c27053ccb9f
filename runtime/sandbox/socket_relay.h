// SPDX-License-Identifier: Apache-2.0
//
// Volumes that are unix sockets of the host: a socket is an end of a kernel, and the guest has
// another one. The agent listens in its place; each connection is made here, and what is written
// passes over the agent's connection.
#pragma once

#include <asio/any_io_executor.hpp>
#include <asio/awaitable.hpp>
#include <asio/steady_timer.hpp>
#include <cstdint>
#include <map>
#include <memory>
#include <string>

#include "oci.pb.h"
#include "runtime/base/fd.h"
#include "runtime/sandbox/agent_client.h"

namespace kata::sandbox {

/// Whether `path` is a unix socket; symbolic links are followed.
[[nodiscard]] bool is_unix_socket(const std::string& path);

class SocketRelay : public std::enable_shared_from_this<SocketRelay> {
 public:
  SocketRelay(asio::any_io_executor executor, std::shared_ptr<AgentClient> agent);

  /// Takes a volume's source; the path at which the guest will have it. `user` is the container's:
  /// root there may connect as anyone, as it could on the host, any other only as itself. Throws
  /// Error(unimplemented) for a kind of socket that cannot be passed on.
  std::string add(const std::string& container_id, const std::string& source,
                  const grpc::User& user);
  /// Has the agent listen at the paths of what was added for the container. Throws Error.
  asio::awaitable<void> announce(std::string container_id);
  /// Forgets a container's sockets; the agent ends their connections.
  void remove(const std::string& container_id);

 private:
  struct Source {
    std::string container_id;
    std::string name;  ///< as config.json has it, for messages
    UniqueFd fd;       ///< O_PATH
    bool datagrams = false;
    grpc::User user;
    bool is_announced = false;
  };
  struct Passage;

  asio::awaitable<void> take_connections();
  asio::awaitable<void> serve(kata::guest::SocketConnection connection);
  asio::awaitable<void> serve_datagrams(kata::guest::SocketConnection connection);
  static asio::awaitable<void> pass_to_host(std::shared_ptr<Passage> passage);
  static asio::awaitable<void> pass_to_guest(std::shared_ptr<Passage> passage);
  asio::awaitable<UniqueFd> connect(const kata::guest::SocketConnection& connection);

  asio::any_io_executor executor_;
  std::shared_ptr<AgentClient> agent_;
  std::map<std::uint64_t, Source> sources_;
  std::uint64_t next_socket_ = 1;
  bool takes_connections_ = false;
  int open_ = 0;
  asio::steady_timer ended_;  // cancelled when a connection has come to its end
};

}  // namespace kata::sandbox
