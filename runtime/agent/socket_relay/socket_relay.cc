// SPDX-License-Identifier: Apache-2.0
#include "runtime/agent/socket_relay/socket_relay.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <asio/buffer.hpp>
#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/redirect_error.hpp>
#include <asio/use_awaitable.hpp>
#include <cerrno>
#include <utility>

#include "runtime/base/error.h"
#include "runtime/base/fd.h"
#include "runtime/base/io.h"
#include "runtime/base/path.h"

namespace kata::agent {
namespace {

constexpr std::size_t kLargestRead = 256U << 10;
constexpr int kBacklog = 64;

using asio::posix::stream_descriptor;

/// The groups that whoever has connected is in besides its own; see SO_PEERGROUPS in
/// linux/socket.h.
std::vector<gid_t> groups_of(int connection) {
  std::vector<gid_t> groups(1024);
  socklen_t size = static_cast<socklen_t>(groups.size() * sizeof(gid_t));
  if (::getsockopt(connection, SOL_SOCKET, SO_PEERGROUPS, groups.data(), &size) != 0) size = 0;
  groups.resize(size / sizeof(gid_t));
  return groups;
}

}  // namespace

SocketRelay::SocketRelay(const asio::any_io_executor& executor)
    : executor_(executor), queued_(executor), closed_(executor) {}

void SocketRelay::listen(HostSocket socket) {
  if (listeners_.contains(socket.number))
    throw_error(Code::already_exists, "socket {} exists", socket.number);
  if (listeners_.size() >= kMaxSockets)
    throw_error(Code::resource_exhausted, "more than {} sockets", kMaxSockets);
  make_directories(parent_path(socket.path), 0755);
  UniqueFd fd = listen_unix(
      socket.path, (socket.datagrams ? SOCK_DGRAM : SOCK_STREAM) | SOCK_NONBLOCK, kBacklog);
  if (::chown(socket.path.c_str(), socket.uid, socket.gid) != 0 ||
      ::chmod(socket.path.c_str(), socket.mode & 07777) != 0)
    throw_errno(errno, "set the owner and mode of {}", socket.path);
  const auto descriptor = std::make_shared<stream_descriptor>(executor_, fd.release());
  const std::uint64_t number = socket.number;
  if (socket.datagrams) {
    add_connection({.number = 0, .socket = number, .uid = socket.uid, .gid = socket.gid},
                   descriptor);
  } else {
    asio::co_spawn(executor_, accept(number, descriptor), asio::detached);
  }
  listeners_.emplace(number, Listener{std::move(socket), descriptor});
}

void SocketRelay::remove(const std::string& container_id) {
  for (auto it = listeners_.begin(); it != listeners_.end();) {
    if (it->second.socket.container_id != container_id) {
      ++it;
      continue;
    }
    ::unlink(it->second.socket.path.c_str());
    std::error_code ignored;
    it->second.descriptor->close(ignored);
    std::erase_if(connections_, [&](const auto& item) {
      if (item.second.socket != it->first) return false;
      item.second.descriptor->close(ignored);
      return true;
    });
    it = listeners_.erase(it);
  }
  closed_.notify_all();
}

asio::awaitable<void> SocketRelay::accept(std::uint64_t socket, Descriptor listener) {
  const std::shared_ptr<SocketRelay> self = shared_from_this();
  for (;;) {
    std::error_code error;
    while (connections_.size() >= kMaxConnections) co_await closed_.wait();
    co_await listener->async_wait(stream_descriptor::wait_read,
                                  asio::redirect_error(asio::use_awaitable, error));
    if (error || !listener->is_open()) co_return;
    UniqueFd peer(
        ::accept4(listener->native_handle(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
    if (!peer) continue;
    ucred who{};
    socklen_t length = sizeof who;
    if (::getsockopt(peer.get(), SOL_SOCKET, SO_PEERCRED, &who, &length) != 0) continue;
    Connection connection{.number = 0, .socket = socket, .uid = who.uid, .gid = who.gid};
    connection.groups = groups_of(peer.get());
    add_connection(std::move(connection),
                   std::make_shared<stream_descriptor>(executor_, peer.release()));
  }
}

void SocketRelay::add_connection(Connection connection, Descriptor descriptor) {
  connection.number = next_number_++;
  connections_.emplace(connection.number, Open{connection.socket, std::move(descriptor)});
  queue_.push_back(std::move(connection));
  queued_.notify_all();
}

SocketRelay::Descriptor SocketRelay::descriptor_of(std::uint64_t connection) const {
  const auto it = connections_.find(connection);
  if (it == connections_.end()) throw_error(Code::not_found, "no connection {}", connection);
  return it->second.descriptor;
}

asio::awaitable<SocketRelay::Connection> SocketRelay::next_connection() {
  const std::shared_ptr<SocketRelay> self = shared_from_this();
  while (queue_.empty()) co_await queued_.wait();
  Connection connection = std::move(queue_.front());
  queue_.pop_front();
  co_return connection;
}

asio::awaitable<std::string> SocketRelay::read(std::uint64_t connection) {
  const Descriptor descriptor = descriptor_of(connection);
  for (;;) {
    std::error_code error;
    co_await descriptor->async_wait(stream_descriptor::wait_read,
                                    asio::redirect_error(asio::use_awaitable, error));
    co_await throw_if_cancelled();
    if (error || !descriptor->is_open())
      throw_error(Code::not_found, "connection {} is closed", connection);
    std::string data(kLargestRead, '\0');
    const ssize_t count =
        ::recv(descriptor->native_handle(), data.data(), data.size(), MSG_DONTWAIT);
    if (count < 0 && (errno == EAGAIN || errno == EINTR)) continue;
    if (count < 0) throw_errno(errno, "read from connection {}", connection);
    data.resize(static_cast<std::size_t>(count));
    data.shrink_to_fit();
    co_return data;
  }
}

asio::awaitable<void> SocketRelay::write(std::uint64_t connection, std::string data) {
  const Descriptor descriptor = descriptor_of(connection);
  for (std::size_t written = 0; written < data.size();) {
    const ssize_t count = ::send(descriptor->native_handle(), data.data() + written,
                                 data.size() - written, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (count >= 0) {
      written += static_cast<std::size_t>(count);
      continue;
    }
    if (errno == EINTR) continue;
    if (errno != EAGAIN) throw_errno(errno, "write to connection {}", connection);
    std::error_code error;
    co_await descriptor->async_wait(stream_descriptor::wait_write,
                                    asio::redirect_error(asio::use_awaitable, error));
    co_await throw_if_cancelled();
    if (error || !descriptor->is_open())
      throw_error(Code::not_found, "connection {} is closed", connection);
  }
}

void SocketRelay::shut_down(std::uint64_t connection) {
  ::shutdown(descriptor_of(connection)->native_handle(), SHUT_WR);
}

void SocketRelay::close(std::uint64_t connection) {
  const auto it = connections_.find(connection);
  if (it == connections_.end()) return;
  std::error_code ignored;
  // that of datagrams is the socket itself, which stays until its container goes
  if (!listeners_.contains(it->second.socket) ||
      listeners_.at(it->second.socket).descriptor != it->second.descriptor)
    it->second.descriptor->close(ignored);
  connections_.erase(it);
  closed_.notify_all();
}

}  // namespace kata::agent
