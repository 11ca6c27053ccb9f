// SPDX-License-Identifier: Apache-2.0
//
// Something that coroutines wait for: single-threaded, any number of waiters, each one cancellable.
#pragma once

#include <asio/any_io_executor.hpp>
#include <asio/awaitable.hpp>
#include <asio/steady_timer.hpp>

namespace kata::agent {

class Event {
 public:
  explicit Event(const asio::any_io_executor& executor);

  /// Returns at the next notify_all(). Throws Error(cancelled) when the call it serves has ended.
  /// The owner must outlive the caller's next look at it: hold a shared_ptr.
  [[nodiscard]] asio::awaitable<void> wait();
  void notify_all() { timer_.cancel(); }

 private:
  asio::steady_timer timer_;  // never expires; cancelling it is the notification
};

/// Throws Error(cancelled) when the calling coroutine has been cancelled. After an await with
/// redirected errors.
[[nodiscard]] asio::awaitable<void> throw_if_cancelled();

}  // namespace kata::agent
