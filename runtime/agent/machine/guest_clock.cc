// SPDX-License-Identifier: Apache-2.0
#include "runtime/agent/machine/guest_clock.h"

#include <sys/time.h>

#include <cerrno>
#include <utility>

#include "runtime/base/error.h"

namespace kata::agent {
namespace {

using namespace std::chrono_literals;

constexpr ClockTime kLeast = 2ms;   // an idle machine's message takes about as long
constexpr ClockTime kStep = 500ms;  // slewing, at 500 us a second, would take too long
constexpr ClockTime kLatency = 5s;  // of a message to a machine that is short of processors

timeval to_timeval(ClockTime time) {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(time);
  return {.tv_sec = seconds.count(), .tv_usec = (time - seconds).count()};
}

}  // namespace

ClockChange clock_change(ClockTime own, ClockTime told) {
  if (own - told > kLatency) return ClockChange::step;
  const ClockTime behind = told - own;
  if (behind < kLeast) return ClockChange::none;
  return behind < kStep ? ClockChange::slew : ClockChange::step;
}

void GuestClock::follow(ClockTime told) {
  timeval own{};
  ::gettimeofday(&own, nullptr);
  const ClockTime now = std::chrono::seconds(own.tv_sec) + ClockTime(own.tv_usec);
  const bool is_first = !std::exchange(was_set_, true);
  const ClockChange change = is_first ? ClockChange::step : clock_change(now, told);
  const timeval wanted = to_timeval(change == ClockChange::slew ? told - now : told);
  int status = 0;
  if (change == ClockChange::step) status = ::settimeofday(&wanted, nullptr);
  if (change == ClockChange::slew) status = ::adjtime(&wanted, nullptr);
  if (status != 0) throw_errno(errno, "set the clock to {} us", told.count());
}

}  // namespace kata::agent
