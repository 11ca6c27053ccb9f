// SPDX-License-Identifier: Apache-2.0
//
// The guest's clock follows the host's: set when the machine has booted, kept by a message now and
// then, since it drifts, and stands still while the host sleeps.
#pragma once

#include <chrono>

namespace kata::agent {

using ClockTime = std::chrono::microseconds;  ///< since 1970

enum class ClockChange {
  none,
  slew,  ///< a little faster for a while: no moment comes twice, none is left out
  step,
};

/// What brings a clock that shows `own` to what the host's showed when it sent a message, which may
/// have taken its time: being behind is certain, being ahead only when it is more than that.
[[nodiscard]] ClockChange clock_change(ClockTime own, ClockTime told);

/// Sets the clock, the first time to what is `told` whatever it shows. Throws Error.
class GuestClock {
 public:
  void follow(ClockTime told);

 private:
  bool was_set_ = false;
};

}  // namespace kata::agent
