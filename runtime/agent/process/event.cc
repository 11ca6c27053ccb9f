// SPDX-License-Identifier: Apache-2.0
#include "runtime/agent/process/event.h"

#include <asio/redirect_error.hpp>
#include <asio/this_coro.hpp>
#include <asio/use_awaitable.hpp>

#include "runtime/base/error.h"

namespace kata::agent {

Event::Event(const asio::any_io_executor& executor) : timer_(executor) {
  timer_.expires_at(asio::steady_timer::time_point::max());
}

asio::awaitable<void> Event::wait() {
  std::error_code notified;
  co_await timer_.async_wait(asio::redirect_error(asio::use_awaitable, notified));
  co_await throw_if_cancelled();
}

asio::awaitable<void> throw_if_cancelled() {
  const asio::cancellation_state state = co_await asio::this_coro::cancellation_state;
  if (state.cancelled() != asio::cancellation_type::none)
    throw_error(Code::cancelled, "the call was cancelled");
}

}  // namespace kata::agent
