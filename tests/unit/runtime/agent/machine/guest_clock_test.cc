// SPDX-License-Identifier: Apache-2.0
#include "runtime/agent/machine/guest_clock.h"

#include <catch2/catch.hpp>

using namespace kata::agent;
using namespace std::chrono_literals;

TEST_CASE("a clock that drifts is brought back without a jump", "[guest_clock]") {
  constexpr ClockTime kNow = 1'800'000'000s;
  CHECK(clock_change(kNow, kNow) == ClockChange::none);
  CHECK(clock_change(kNow, kNow + 20ms) == ClockChange::slew);
  // the message may have been under way for as long
  CHECK(clock_change(kNow, kNow - 20ms) == ClockChange::none);
  CHECK(clock_change(kNow, kNow - 2s) == ClockChange::none);
}

TEST_CASE("a clock that is far off is set", "[guest_clock]") {
  constexpr ClockTime kNow = 1'800'000'000s;
  CHECK(clock_change(kNow, kNow + 8h) == ClockChange::step);  // the host has slept
  CHECK(clock_change(kNow, kNow + 700ms) == ClockChange::step);
  CHECK(clock_change(kNow, kNow - 1h) == ClockChange::step);
}
