// SPDX-License-Identifier: Apache-2.0
#include "runtime/base/signals.h"

#include <catch2/catch.hpp>
#include <csignal>

#include "runtime/base/error.h"

using namespace kata;

TEST_CASE("signals are known by number and by name in any case", "[signals]") {
  CHECK(signal_from_name("TERM") == SIGTERM);
  CHECK(signal_from_name("sigkill") == SIGKILL);
  CHECK(signal_from_name("15") == SIGTERM);
  CHECK(signal_from_name("RTMIN+3") == 37);
  CHECK(signal_from_name("SIGRTMAX-1") == 63);
  for (const char* bad : {"", "SIGNOPE", "65", "-1", "RTMIN+99"})
    CHECK_THROWS_AS(signal_from_name(bad), Error);
  CHECK(signal_name(SIGTERM) == "SIGTERM");
  CHECK(signal_name(37) == "SIGRTMIN+3");
}
