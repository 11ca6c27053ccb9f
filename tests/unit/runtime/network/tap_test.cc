// SPDX-License-Identifier: Apache-2.0
#include "runtime/network/tap.h"

#include <catch2/catch.hpp>

#include "runtime/base/error.h"

using namespace kata;
using namespace kata::network;

TEST_CASE("a tap's name must fit the kernel's", "[tap]") {
  CHECK_THROWS_AS(create_tap(""), Error);
  CHECK_THROWS_AS(create_tap("a-name-that-is-too-long"), Error);
}

TEST_CASE("a host without a tun driver is told what to do", "[tap]") {
  CHECK_THROWS_WITH(create_tap("tap0", {.device = "/nonexistent/tun"}),
                    Catch::Matchers::Contains("modprobe tun"));
}
