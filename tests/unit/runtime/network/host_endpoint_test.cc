// SPDX-License-Identifier: Apache-2.0
#include "runtime/network/host_endpoint.h"

#include <fcntl.h>

#include <catch2/catch.hpp>

#include "runtime/base/error.h"

using namespace kata;
using namespace kata::network;

TEST_CASE("a descriptor that is no namespace is refused before anything is changed", "[endpoint]") {
  const UniqueFd file = open_file("/dev/null", O_RDONLY);
  CHECK_THROWS_WITH(connect_endpoints(file.get()),
                    Catch::Matchers::Contains("enter the network namespace"));
  CHECK_THROWS_AS(disconnect_endpoints(file.get()), Error);
}
