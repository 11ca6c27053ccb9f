// SPDX-License-Identifier: Apache-2.0
//
// libguestfs waits for its appliance for ever; this ends the appliance when katabuild is
// interrupted or when a time has passed, and the wait fails.
#pragma once

#include <atomic>
#include <chrono>
#include <thread>

namespace kata::guestfs {

class Watchdog {
 public:
  /// Watches what the calling thread starts until the object ends.
  explicit Watchdog(std::chrono::seconds limit);
  Watchdog(const Watchdog&) = delete;
  Watchdog& operator=(const Watchdog&) = delete;
  /// Whether the time has passed.
  [[nodiscard]] bool expired() const noexcept { return expired_; }

 private:
  std::atomic<bool> expired_{false};
  std::jthread thread_;
};

}  // namespace kata::guestfs
