// SPDX-License-Identifier: Apache-2.0
#include "runtime/sandbox/socket_relay.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/posix/stream_descriptor.hpp>
#include <asio/redirect_error.hpp>
#include <asio/this_coro.hpp>
#include <asio/use_awaitable.hpp>
#include <asio/write.hpp>
#include <cerrno>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include "runtime/base/error.h"
#include "runtime/base/log.h"
#include "runtime/base/scope_exit.h"
#include "runtime/base/sys_file.h"
#include "runtime/base/sys_process.h"

namespace kata::sandbox {
namespace {

using asio::posix::stream_descriptor;
using kata::guest::SocketConnection;
using kata::guest::SocketConnectionRequest;
using kata::guest::SocketData;

constexpr std::string_view kGuestSockets = "/run/kata-containers/sockets";
constexpr std::size_t kPiece = 256U << 10;
constexpr int kMostConnections = 256;
constexpr int kTries = 100;  // of a listener whose queue is full
constexpr std::chrono::milliseconds kBetweenTries{50};

struct Peer {
  uid_t uid = 0;
  gid_t gid = 0;
  std::vector<gid_t> groups;
};

/// Who the host's program sees: never more than the container's own user could be.
Peer peer_of(const SocketConnection& connection, const grpc::User& user) {
  if (user.uid() != 0)
    return {user.uid(), user.gid(), {user.additional_gids().begin(), user.additional_gids().end()}};
  return {
      connection.uid(), connection.gid(), {connection.groups().begin(), connection.groups().end()}};
}

/// SO_PEERCRED is what the connecting thread was. A user without root can only be itself.
UniqueFd connect_as(const Peer& peer, const std::string& path, int type) {
  const bool is_self = peer.uid == ::geteuid() && peer.gid == ::getegid();
  if (is_self && peer.groups.empty()) return connect_unix(path, type);
  UniqueFd connected;
  std::exception_ptr failure;
  std::thread([&] {
    try {
      try {
        sys::set_thread_identity(peer.uid, peer.gid, peer.groups);
      } catch (const Error&) {
        if (::geteuid() == 0 && peer.uid != 0) throw;
      }
      connected = connect_unix(path, type);
    } catch (...) {
      failure = std::current_exception();
    }
  }).join();
  if (failure) std::rethrow_exception(failure);
  return connected;
}

/// Connecting as another kind than the socket is fails with EPROTOTYPE and disturbs nobody.
bool takes_datagrams(const std::string& path) {
  try {
    (void)connect_unix(path, SOCK_DGRAM | SOCK_NONBLOCK);
    return true;
  } catch (const Error&) {
    return false;  // nobody listens yet, or it is another kind
  }
}

SocketConnectionRequest request_for(std::uint64_t connection) {
  SocketConnectionRequest request;
  request.set_connection(connection);
  return request;
}

}  // namespace

bool is_unix_socket(const std::string& path) {
  struct stat status {};
  return ::stat(path.c_str(), &status) == 0 && S_ISSOCK(status.st_mode);
}

/// One connection: an end here, and one in the guest by its number.
struct SocketRelay::Passage {
  std::shared_ptr<AgentClient> agent;
  std::uint64_t number;
  stream_descriptor host;
  std::function<void()> on_end;

  Passage(std::shared_ptr<AgentClient> its_agent, std::uint64_t its_number, UniqueFd fd,
          const asio::any_io_executor& executor, std::function<void()> its_end)
      : agent(std::move(its_agent)),
        number(its_number),
        host(executor, fd.release()),
        on_end(std::move(its_end)) {}
  Passage(const Passage&) = delete;
  Passage& operator=(const Passage&) = delete;
  /// When both directions have ended.
  ~Passage() { on_end(); }
};

SocketRelay::SocketRelay(asio::any_io_executor executor, std::shared_ptr<AgentClient> agent)
    : executor_(std::move(executor)), agent_(std::move(agent)), ended_(executor_) {
  ended_.expires_at(asio::steady_timer::time_point::max());
}

std::string SocketRelay::add(const std::string& container_id, const std::string& source,
                             const grpc::User& user) {
  Source added;
  added.container_id = container_id;
  added.name = source;
  added.fd = open_file(source, O_PATH);
  added.user = user;
  if (!S_ISSOCK(sys::stat_of(added.fd.get()).st_mode))
    throw_error(Code::failed_precondition, "{} is no unix socket any more", source);
  added.datagrams = takes_datagrams(sys::fd_path(added.fd.get()));
  const std::uint64_t number = next_socket_++;
  sources_.emplace(number, std::move(added));
  return fmt::format("{}/{}", kGuestSockets, number);
}

asio::awaitable<void> SocketRelay::announce(std::string container_id) {
  const std::shared_ptr<SocketRelay> self = shared_from_this();
  std::vector<std::uint64_t> numbers;
  for (const auto& [number, source] : sources_) {
    if (source.container_id == container_id && !source.is_announced) numbers.push_back(number);
  }
  for (const std::uint64_t number : numbers) {
    Source& source = sources_.at(number);
    const struct stat status = sys::stat_of(source.fd.get());
    kata::guest::ListenSocketRequest request;
    request.set_container_id(container_id);
    request.set_socket(number);
    request.set_path(fmt::format("{}/{}", kGuestSockets, number));
    request.set_datagrams(source.datagrams);
    request.set_mode(status.st_mode & 07777);
    request.set_uid(status.st_uid);
    request.set_gid(status.st_gid);
    source.is_announced = true;
    co_await agent_->call_guest<wire::Empty>("ListenSocket", std::move(request));
  }
  if (!numbers.empty() && !std::exchange(takes_connections_, true))
    asio::co_spawn(executor_, take_connections(), asio::detached);
}

void SocketRelay::remove(const std::string& container_id) {
  std::erase_if(sources_,
                [&](const auto& item) { return item.second.container_id == container_id; });
}

asio::awaitable<void> SocketRelay::take_connections() {
  const std::shared_ptr<SocketRelay> self = shared_from_this();
  try {
    for (;;) {
      while (open_ >= kMostConnections) {
        std::error_code cancelled;
        co_await ended_.async_wait(asio::redirect_error(asio::use_awaitable, cancelled));
      }
      auto connection = co_await agent_->call_guest<SocketConnection>(
          "NextSocketConnection", kata::guest::NextSocketConnectionRequest{}, wire::kNoDeadline);
      const auto source = sources_.find(connection.socket());
      if (source == sources_.end()) continue;  // its container has gone
      ++open_;
      asio::co_spawn(executor_,
                     source->second.datagrams ? serve_datagrams(std::move(connection))
                                              : serve(std::move(connection)),
                     asio::detached);
    }
  } catch (const Error& error) {
    if (error.code() != Code::unavailable)
      log::warn("connections to sockets of the host do not pass any more error=\"{}\"",
                error.what());
  }
  takes_connections_ = false;
}

asio::awaitable<UniqueFd> SocketRelay::connect(const SocketConnection& connection) {
  for (int left = kTries;; --left) {
    const auto it = sources_.find(connection.socket());
    if (it == sources_.end()) throw_error(Code::not_found, "its container has gone");
    std::optional<Error> busy;
    try {
      const Source& source = it->second;
      co_return connect_as(peer_of(connection, source.user), sys::fd_path(source.fd.get()),
                           (source.datagrams ? SOCK_DGRAM : SOCK_STREAM) | SOCK_NONBLOCK);
    } catch (const Error& error) {
      if (error.err() != EAGAIN || left == 0) throw;
      busy = error;
    }
    asio::steady_timer pause(executor_, kBetweenTries);
    co_await pause.async_wait(asio::use_awaitable);
  }
}

asio::awaitable<void> SocketRelay::serve(SocketConnection connection) {
  const std::shared_ptr<SocketRelay> self = shared_from_this();
  const std::uint64_t number = connection.connection();
  // The last to let go of the passage says so to the guest, whose program then reads the end.
  const auto end = [self, number] {
    --self->open_;
    self->ended_.cancel();
    asio::co_spawn(self->executor_,
                   self->agent_->call_guest<wire::Empty>("CloseSocket", request_for(number)),
                   [](const std::exception_ptr&, const wire::Empty&) {});
  };
  UniqueFd host;
  try {
    host = co_await connect(connection);
  } catch (const std::exception& error) {
    const auto source = sources_.find(connection.socket());
    log::info("connection refused socket={} error=\"{}\"",
              source == sources_.end() ? "" : source->second.name, error.what());
  }
  if (!host) {
    end();
    co_return;
  }
  const auto passage = std::make_shared<Passage>(agent_, number, std::move(host), executor_, end);
  asio::co_spawn(executor_, pass_to_host(passage), asio::detached);
  asio::co_spawn(executor_, pass_to_guest(passage), asio::detached);
}

asio::awaitable<void> SocketRelay::pass_to_host(std::shared_ptr<Passage> passage) {
  std::error_code error;
  try {
    while (!error) {
      const auto data = co_await passage->agent->call_guest<SocketData>(
          "ReadSocket", request_for(passage->number), wire::kNoDeadline);
      if (data.data().empty()) {
        ::shutdown(passage->host.native_handle(), SHUT_WR);
        co_return;
      }
      co_await asio::async_write(passage->host, asio::buffer(data.data()),
                                 asio::redirect_error(asio::use_awaitable, error));
    }
  } catch (const std::exception& failure) {
    log::debug("connection of the guest ends error=\"{}\"", failure.what());
  }
  passage->host.close(error);  // the other direction, too
}

asio::awaitable<void> SocketRelay::pass_to_guest(std::shared_ptr<Passage> passage) {
  std::error_code error;
  std::string buffer(kPiece, '\0');
  try {
    for (;;) {
      const std::size_t count = co_await passage->host.async_read_some(
          asio::buffer(buffer), asio::redirect_error(asio::use_awaitable, error));
      if (error) break;
      SocketData data;
      data.set_connection(passage->number);
      data.set_data(buffer.data(), count);
      co_await passage->agent->call_guest<wire::Empty>("WriteSocket", std::move(data),
                                                       wire::kNoDeadline);
    }
    co_await passage->agent->call_guest<wire::Empty>("ShutDownSocket",
                                                     request_for(passage->number));
  } catch (const std::exception& failure) {
    log::debug("connection of the guest ends error=\"{}\"", failure.what());
    passage->host.close(error);
  }
}

asio::awaitable<void> SocketRelay::serve_datagrams(SocketConnection connection) {
  const std::shared_ptr<SocketRelay> self = shared_from_this();
  const ScopeExit done([this] {
    --open_;
    ended_.cancel();
  });
  UniqueFd host;
  for (;;) {
    SocketData data;
    try {
      data = co_await agent_->call_guest<SocketData>(
          "ReadSocket", request_for(connection.connection()), wire::kNoDeadline);
    } catch (const std::exception&) {
      co_return;  // the container has gone
    }
    try {
      if (!host) host = co_await connect(connection);
      // as for any sender: what the receiver has no room for waits, what nobody receives is lost
      stream_descriptor ready(executor_, host.release());
      while (::send(ready.native_handle(), data.data().data(), data.data().size(),
                    MSG_DONTWAIT | MSG_NOSIGNAL) < 0) {
        if (errno != EAGAIN && errno != EINTR) throw_errno(errno, "send a datagram");
        co_await ready.async_wait(stream_descriptor::wait_write, asio::use_awaitable);
      }
      host.reset(ready.release());
    } catch (const std::exception& error) {
      log::debug("datagram dropped error=\"{}\"", error.what());
      host.reset();
    }
  }
}

}  // namespace kata::sandbox
