// SPDX-License-Identifier: Apache-2.0
//
// Something that happens once and that any number of coroutines wait for: a process has ended, a
// stream has drained.
#pragma once

#include <algorithm>
#include <asio/awaitable.hpp>
#include <asio/redirect_error.hpp>
#include <asio/steady_timer.hpp>
#include <asio/this_coro.hpp>
#include <asio/use_awaitable.hpp>
#include <chrono>
#include <utility>

#include "runtime/base/error.h"

namespace kata::sandbox {

class Latch {
 public:
  explicit Latch(asio::any_io_executor executor) : timer_(std::move(executor)) {
    timer_.expires_at(asio::steady_timer::time_point::max());
  }

  [[nodiscard]] bool is_set() const noexcept { return set_; }
  void set() {
    set_ = true;
    timer_.cancel();
  }

  /// Parked until set(). Throws Error(cancelled) when the waiting coroutine is cancelled. The latch
  /// must outlive the wait.
  asio::awaitable<void> wait() {
    while (!set_) {
      std::error_code error;
      co_await timer_.async_wait(asio::redirect_error(asio::use_awaitable, error));
      if (!set_ && error) throw_error(Code::cancelled, "wait was cancelled");
    }
  }

  /// As wait(), but gives up after `limit`; whether the latch is set.
  asio::awaitable<bool> wait_for(std::chrono::milliseconds limit) {
    const auto end = std::chrono::steady_clock::now() + limit;
    asio::steady_timer poll(timer_.get_executor());
    // Short steps keep this free of two timers racing; only clean-up paths come here. The first
    // are the shortest, since an engine waits for the end of every container's output here.
    auto step = std::chrono::microseconds(250);
    while (!set_ && std::chrono::steady_clock::now() < end) {
      poll.expires_after(step);
      co_await poll.async_wait(asio::use_awaitable);
      step = std::min(step * 2, std::chrono::microseconds(5000));
    }
    co_return set_;
  }

 private:
  asio::steady_timer timer_;
  bool set_ = false;
};

}  // namespace kata::sandbox
