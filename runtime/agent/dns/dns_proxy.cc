// SPDX-License-Identifier: Apache-2.0
#include "runtime/agent/dns/dns_proxy.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <asio/buffer.hpp>
#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/read.hpp>
#include <asio/redirect_error.hpp>
#include <asio/steady_timer.hpp>
#include <asio/use_awaitable.hpp>
#include <cerrno>

#include "runtime/base/error.h"
#include "runtime/base/log.h"

namespace kata::agent {
namespace {

constexpr std::size_t kDnsHeader = 12;      // RFC 1035, 4.1.1
constexpr std::size_t kMaxUdpQuery = 4096;  // EDNS queries stay far below
constexpr std::size_t kMaxTcpQuery = 16384;

using Clock = std::chrono::steady_clock;

UniqueFd open_listener(int type, const std::string& address, std::uint16_t port) {
  sockaddr_in name{};
  name.sin_family = AF_INET;
  name.sin_port = htons(port);
  if (::inet_pton(AF_INET, address.c_str(), &name.sin_addr) != 1 ||
      (ntohl(name.sin_addr.s_addr) >> 24) != 127) {
    throw_error(Code::invalid_argument, "DNS proxy address \"{}\" is not in 127.0.0.0/8",
                address.substr(0, 64));
  }
  UniqueFd fd(::socket(AF_INET, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd) throw_errno(errno, "create a socket");
  const int on = 1;
  ::setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (::bind(fd.get(), reinterpret_cast<const sockaddr*>(&name), sizeof name) != 0) {
    throw_errno(errno, "listen at {}:{}", address, port);
  }
  if (type == SOCK_STREAM && ::listen(fd.get(), 32) != 0)
    throw_errno(errno, "listen at {}:{}", address, port);
  return fd;
}

std::string with_length(std::string_view message) {
  std::string bytes;
  bytes += static_cast<char>(message.size() >> 8);
  bytes += static_cast<char>(message.size() & 0xff);
  return bytes.append(message);
}

}  // namespace

DnsProxy::DnsProxy(const asio::any_io_executor& executor)
    : executor_(executor), queued_(executor) {}

void DnsProxy::start(const std::string& address, std::uint16_t port) {
  UniqueFd udp = open_listener(SOCK_DGRAM, address, port);
  UniqueFd tcp = open_listener(SOCK_STREAM, address, port);
  const auto udp_socket =
      std::make_shared<asio::posix::stream_descriptor>(executor_, udp.release());
  const auto tcp_socket =
      std::make_shared<asio::posix::stream_descriptor>(executor_, tcp.release());
  asio::co_spawn(executor_, serve_udp(udp_socket), asio::detached);
  asio::co_spawn(executor_, serve_tcp(tcp_socket), asio::detached);
}

asio::awaitable<void> DnsProxy::serve_udp(Descriptor socket) {
  const std::shared_ptr<DnsProxy> self = shared_from_this();
  for (;;) {
    co_await socket->async_wait(asio::posix::stream_descriptor::wait_read, asio::use_awaitable);
    std::string message(kMaxUdpQuery, '\0');
    sockaddr_in from{};
    socklen_t length = sizeof from;
    const ssize_t count = ::recvfrom(socket->native_handle(), message.data(), message.size(),
                                     MSG_DONTWAIT, reinterpret_cast<sockaddr*>(&from), &length);
    if (count < static_cast<ssize_t>(kDnsHeader)) continue;
    message.resize(static_cast<std::size_t>(count));
    std::string address(reinterpret_cast<const char*>(&from), sizeof from);
    add_query({.socket = socket, .address = std::move(address), .asked = Clock::now()},
              std::move(message), false);
  }
}

asio::awaitable<void> DnsProxy::serve_tcp(Descriptor listener) {
  const std::shared_ptr<DnsProxy> self = shared_from_this();
  for (;;) {
    co_await listener->async_wait(asio::posix::stream_descriptor::wait_read, asio::use_awaitable);
    UniqueFd peer(
        ::accept4(listener->native_handle(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
    if (!peer || connections_ >= kMaxConnections) continue;
    ++connections_;
    const auto connection =
        std::make_shared<asio::posix::stream_descriptor>(executor_, peer.release());
    asio::co_spawn(executor_, serve_connection(connection), asio::detached);
  }
}

asio::awaitable<void> DnsProxy::serve_connection(Descriptor connection) {
  const std::shared_ptr<DnsProxy> self = shared_from_this();
  std::error_code error;
  while (!error) {
    asio::steady_timer idle(executor_, kTimeout);
    idle.async_wait([connection](std::error_code cancelled) {
      std::error_code ignored;
      if (!cancelled) connection->close(ignored);
    });
    unsigned char prefix[2] = {};
    co_await asio::async_read(*connection, asio::buffer(prefix),
                              asio::redirect_error(asio::use_awaitable, error));
    const std::size_t size = static_cast<std::size_t>(prefix[0]) << 8 | prefix[1];
    if (error || size < kDnsHeader || size > kMaxTcpQuery) break;
    std::string message(size, '\0');
    co_await asio::async_read(*connection, asio::buffer(message),
                              asio::redirect_error(asio::use_awaitable, error));
    if (!error)
      add_query({.socket = connection, .address = {}, .asked = Clock::now()}, std::move(message),
                true);
  }
  // Answers that are still on their way keep the connection open through their own reference.
  --connections_;
}

void DnsProxy::drop_stale() {
  const Clock::time_point limit = Clock::now() - kTimeout;
  const auto gone = [&](std::uint64_t id) {
    std::erase_if(queue_, [&](const Query& query) { return query.id == id; });
  };
  while (!askers_.empty() &&
         (askers_.size() >= kMaxQueries || askers_.begin()->second.asked < limit)) {
    gone(askers_.begin()->first);
    askers_.erase(askers_.begin());
  }
}

void DnsProxy::add_query(Asker asker, std::string message, bool tcp) {
  drop_stale();
  const std::uint64_t id = next_id_++;
  askers_.emplace(id, std::move(asker));
  queue_.push_back({.id = id, .tcp = tcp, .message = std::move(message)});
  queued_.notify_all();
}

asio::awaitable<DnsProxy::Query> DnsProxy::next_query() {
  const std::shared_ptr<DnsProxy> self = shared_from_this();
  while (queue_.empty()) co_await queued_.wait();
  Query query = std::move(queue_.front());
  queue_.pop_front();
  co_return query;
}

void DnsProxy::answer(std::uint64_t id, std::string_view message) {
  const auto it = askers_.find(id);
  if (it == askers_.end()) return;
  const Asker asker = std::move(it->second);
  askers_.erase(it);
  if (message.empty() || message.size() > 65535 || !asker.socket->is_open()) return;
  // Sockets of this machine's own loopback: what does not fit at once is lost, and the program asks
  // again.
  const bool is_tcp = asker.address.empty();
  const std::string bytes = is_tcp ? with_length(message) : std::string(message);
  const ssize_t sent = ::sendto(
      asker.socket->native_handle(), bytes.data(), bytes.size(), MSG_DONTWAIT | MSG_NOSIGNAL,
      is_tcp ? nullptr : reinterpret_cast<const sockaddr*>(asker.address.data()),
      static_cast<socklen_t>(asker.address.size()));
  if (sent != static_cast<ssize_t>(bytes.size()))
    log::debug("DNS answer lost id={} error=\"{}\"", id, errno_text(errno));
}

}  // namespace kata::agent
