// SPDX-License-Identifier: Apache-2.0
//
// Volumes that are unix sockets of the host.
#include "guest.pb.h"
#include "runtime/agent/rpc/services.h"

namespace kata::agent {
namespace {

using wire::Empty;
namespace guest = kata::guest;

Empty listen_socket(Sandbox& sandbox, const guest::ListenSocketRequest& request) {
  sandbox.sockets().listen({.container_id = request.container_id(),
                            .number = request.socket(),
                            .path = request.path(),
                            .datagrams = request.datagrams(),
                            .mode = request.mode(),
                            .uid = request.uid(),
                            .gid = request.gid()});
  return {};
}

asio::awaitable<guest::SocketConnection> next_connection(Sandbox& sandbox) {
  const SocketRelay::Connection connection = co_await sandbox.sockets().next_connection();
  guest::SocketConnection message;
  message.set_connection(connection.number);
  message.set_socket(connection.socket);
  message.set_uid(connection.uid);
  message.set_gid(connection.gid);
  message.mutable_groups()->Add(connection.groups.begin(), connection.groups.end());
  co_return message;
}

asio::awaitable<guest::SocketData> read_socket(Sandbox& sandbox, std::uint64_t connection) {
  guest::SocketData message;
  std::string data = co_await sandbox.sockets().read(connection);
  message.set_data(std::move(data));
  co_return message;
}

asio::awaitable<Empty> write_socket(Sandbox& sandbox, guest::SocketData data) {
  co_await sandbox.sockets().write(data.connection(), std::move(*data.mutable_data()));
  co_return Empty{};
}

}  // namespace

void add_socket_rpc(wire::Server& server, Sandbox& sandbox) {
  server.on_now<guest::ListenSocketRequest, Empty>(
      kGuestService, "ListenSocket",
      [&sandbox](const auto& request) { return listen_socket(sandbox, request); });
  server.on<guest::NextSocketConnectionRequest, guest::SocketConnection>(
      kGuestService, "NextSocketConnection", [&sandbox](auto) { return next_connection(sandbox); });
  server.on<guest::SocketConnectionRequest, guest::SocketData>(
      kGuestService, "ReadSocket",
      [&sandbox](auto request) { return read_socket(sandbox, request.connection()); });
  server.on<guest::SocketData, Empty>(kGuestService, "WriteSocket", [&sandbox](auto data) {
    return write_socket(sandbox, std::move(data));
  });
  server.on_now<guest::SocketConnectionRequest, Empty>(
      kGuestService, "ShutDownSocket", [&sandbox](const auto& request) {
        sandbox.sockets().shut_down(request.connection());
        return Empty{};
      });
  server.on_now<guest::SocketConnectionRequest, Empty>(
      kGuestService, "CloseSocket", [&sandbox](const auto& request) {
        sandbox.sockets().close(request.connection());
        return Empty{};
      });
}

}  // namespace kata::agent
