// SPDX-License-Identifier: Apache-2.0
#include "runtime/sandbox/dns_relay.h"

#include <arpa/inet.h>
#include <sys/socket.h>

#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/posix/stream_descriptor.hpp>
#include <asio/read.hpp>
#include <asio/redirect_error.hpp>
#include <asio/steady_timer.hpp>
#include <asio/this_coro.hpp>
#include <asio/use_awaitable.hpp>
#include <asio/write.hpp>
#include <sstream>

#include "runtime/base/error.h"
#include "runtime/base/io.h"
#include "runtime/base/log.h"
#include "runtime/base/path.h"
#include "runtime/base/scope_exit.h"
#include "runtime/network/network_namespace.h"

namespace kata::sandbox {
namespace {

constexpr std::size_t kLargestMessage = 65535;
constexpr std::chrono::seconds kQueryTimeout{
    10};  // resolvers forward upstream; programs give up sooner
constexpr std::uint16_t kDnsPort = 53;
constexpr int kMostQueries = 64;  // at once; each has a socket and a buffer

/// What the queries of one guest share.
struct Relay {
  Relay(const asio::any_io_executor& executor, UniqueFd network_namespace, std::string its_resolver)
      : space(std::move(network_namespace)), resolver(std::move(its_resolver)), ended(executor) {
    ended.expires_at(asio::steady_timer::time_point::max());
  }

  UniqueFd space;
  std::string resolver;
  int open = 0;
  asio::steady_timer ended;  ///< cancelled when a query has come to its end
};

UniqueFd connect_resolver(int network_namespace, const std::string& resolver, bool tcp) {
  UniqueFd socket;
  network::in_namespace(network_namespace, [&] {
    socket.reset(
        ::socket(AF_INET, (tcp ? SOCK_STREAM : SOCK_DGRAM) | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  });
  if (!socket) throw_errno(errno, "create a socket for the resolver");
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(kDnsPort);
  if (::inet_pton(AF_INET, resolver.c_str(), &address.sin_addr) != 1) {
    throw_error(Code::invalid_argument, "resolver address {}", resolver);
  }
  // A socket keeps the namespace it was made in; a loopback connect(2) completes or fails at once
  // or soon after.
  if (::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 &&
      errno != EINPROGRESS) {
    throw_errno(errno, "connect to the resolver {}", resolver);
  }
  return socket;
}

/// RFC 1035, 4.2.2: over TCP each message has its length in front, two bytes, big endian.
std::string with_length(const std::string& message) {
  std::string framed;
  framed += static_cast<char>((message.size() >> 8) & 0xff);
  framed += static_cast<char>(message.size() & 0xff);
  return framed + message;
}

asio::awaitable<std::string> ask(asio::posix::stream_descriptor& stream, const std::string& message,
                                 bool tcp) {
  const std::string request = tcp ? with_length(message) : message;
  co_await asio::async_write(stream, asio::buffer(request), asio::use_awaitable);
  std::string answer;
  if (tcp) {
    unsigned char length[2];
    co_await asio::async_read(stream, asio::buffer(length), asio::use_awaitable);
    answer.resize(static_cast<std::size_t>(length[0] << 8 | length[1]));
    co_await asio::async_read(stream, asio::buffer(answer), asio::use_awaitable);
  } else {
    answer.resize(kLargestMessage);
    const std::size_t count =
        co_await stream.async_read_some(asio::buffer(answer), asio::use_awaitable);
    answer.resize(count);
  }
  co_return answer;
}

asio::awaitable<void> answer_query(std::shared_ptr<AgentClient> agent, std::shared_ptr<Relay> relay,
                                   kata::guest::DnsQuery query) {
  const ScopeExit done([relay] {
    --relay->open;
    relay->ended.cancel();
  });
  kata::guest::DnsAnswer answer;
  answer.set_id(query.id());
  try {
    if (query.message().size() > kLargestMessage) {
      throw_error(Code::invalid_argument, "query of {} bytes: at most {} are one",
                  query.message().size(), kLargestMessage);
    }
    const asio::any_io_executor executor = co_await asio::this_coro::executor;
    const auto stream = std::make_shared<asio::posix::stream_descriptor>(
        executor, connect_resolver(relay->space.get(), relay->resolver, query.tcp()).release());
    asio::steady_timer limit(executor, kQueryTimeout);
    limit.async_wait([stream](const std::error_code& error) {
      if (!error && stream->is_open()) stream->close();
    });
    std::string message = co_await ask(*stream, query.message(), query.tcp());
    answer.set_message(std::move(message));
  } catch (const std::exception& error) {
    log::debug("dns query dropped error=\"{}\"", error.what());
  }
  try {
    co_await agent->call_guest<wire::Empty>("AnswerDns", std::move(answer));
  } catch (const std::exception& error) {
    log::debug("dns answer dropped error=\"{}\"", error.what());
  }
}

}  // namespace

std::string loopback_resolver(const grpc::Spec& spec) {
  for (const grpc::Mount& mount : spec.mounts()) {
    if (clean_path(mount.destination()) != "/etc/resolv.conf") continue;
    const std::optional<std::string> text = read_file_if_exists(mount.source());
    if (!text) return {};
    std::istringstream lines(*text);
    for (std::string line; std::getline(lines, line);) {
      std::istringstream words(line);
      std::string key;
      std::string address;
      in_addr parsed{};
      if (words >> key >> address && key == "nameserver" && address.starts_with("127.") &&
          ::inet_pton(AF_INET, address.c_str(), &parsed) == 1) {
        return address;
      }
    }
    return {};
  }
  return {};
}

asio::awaitable<void> relay_dns(std::shared_ptr<AgentClient> agent, UniqueFd network_namespace,
                                std::string resolver) {
  const asio::any_io_executor executor = co_await asio::this_coro::executor;
  const auto relay = std::make_shared<Relay>(executor, std::move(network_namespace), resolver);
  try {
    kata::guest::StartDnsProxyRequest start;
    start.set_address(resolver);
    co_await agent->call_guest<wire::Empty>("StartDnsProxy", std::move(start));
    for (;;) {
      while (relay->open >= kMostQueries) {
        std::error_code cancelled;
        co_await relay->ended.async_wait(asio::redirect_error(asio::use_awaitable, cancelled));
      }
      auto query = co_await agent->call_guest<kata::guest::DnsQuery>(
          "NextDnsQuery", kata::guest::NextDnsQueryRequest{}, wire::kNoDeadline);
      ++relay->open;
      asio::co_spawn(executor, answer_query(agent, relay, std::move(query)), asio::detached);
    }
  } catch (const Error& error) {
    if (error.code() != Code::unavailable) {
      log::warn("names of the engine's resolver {} do not resolve in the guest error=\"{}\"",
                resolver, error.what());
    }
  }
}

}  // namespace kata::sandbox
