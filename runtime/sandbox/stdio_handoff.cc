// SPDX-License-Identifier: Apache-2.0
#include "runtime/sandbox/stdio_handoff.h"

#include <sys/socket.h>
#include <sys/time.h>

#include <asio/posix/stream_descriptor.hpp>
#include <asio/this_coro.hpp>
#include <asio/use_awaitable.hpp>

#include "runtime/base/error.h"
#include "runtime/base/log.h"

namespace kata::sandbox {
namespace {

constexpr std::size_t kLongestToken = 64;
constexpr std::size_t kMostWaiting = 256;

}  // namespace

void StdioHandoff::receive(int peer) {
  // The peer is our own command line, which sends at once; a stranger that does not must not hold
  // up the loop.
  const timeval limit{.tv_sec = 1, .tv_usec = 0};
  ::setsockopt(peer, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  ReceivedFds received = receive_with_fds(peer, kLongestToken);
  if (received.message.empty() || (received.fds.size() != 3 && received.fds.size() != 1)) {
    throw_error(Code::invalid_argument, "handoff with a token of {} bytes and {} descriptors",
                received.message.size(), received.fds.size());
  }
  if (waiting_.size() >= kMostWaiting)
    throw_error(Code::resource_exhausted, "too many handoffs wait");
  waiting_[received.message] = std::move(received.fds);
  send_with_fds(peer, "ok", {});
}

asio::awaitable<void> StdioHandoff::accept(UniqueFd listener) {
  set_nonblocking(listener.get(), true);
  asio::posix::stream_descriptor descriptor(co_await asio::this_coro::executor, listener.release());
  for (;;) {
    co_await descriptor.async_wait(asio::posix::stream_descriptor::wait_read, asio::use_awaitable);
    const UniqueFd peer(::accept4(descriptor.native_handle(), nullptr, nullptr, SOCK_CLOEXEC));
    if (!peer) continue;
    try {
      receive(peer.get());
    } catch (const Error& error) {
      log::warn("handoff refused error=\"{}\"", error.what());
    }
  }
}

std::vector<UniqueFd> StdioHandoff::take(const std::string& token) {
  const auto it = waiting_.find(token);
  if (it == waiting_.end())
    throw_error(Code::not_found, "no descriptors were handed over as {}", token);
  std::vector<UniqueFd> fds = std::move(it->second);
  waiting_.erase(it);
  return fds;
}

}  // namespace kata::sandbox
