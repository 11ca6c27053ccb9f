// SPDX-License-Identifier: Apache-2.0
#include "runtime/network/network_namespace.h"

#include <unistd.h>

#include <catch2/catch.hpp>

#include "runtime/base/error.h"
#include "runtime/base/io.h"

using namespace kata;
using namespace kata::network;

TEST_CASE("a namespace that is gone is named in the error", "[netns]") {
  CHECK_THROWS_WITH(open_network_namespace("/run/netns/kata-no-such"),
                    Catch::Matchers::Contains("/run/netns/kata-no-such"));
}

TEST_CASE("a file that is no namespace is refused", "[netns]") {
  const TempDir dir;
  write_file(dir.path() + "/stale", "");
  CHECK_THROWS_WITH(open_network_namespace(dir.path() + "/stale"),
                    Catch::Matchers::Contains("is no network namespace"));
}

TEST_CASE("the host's namespace is recognised by identity, not by name", "[netns]") {
  const TempDir dir;
  make_directories(dir.path() + "/1/ns");
  make_directories(dir.path() + "/thread-self/ns");
  write_file(dir.path() + "/1/ns/net", "");
  write_file(dir.path() + "/other", "");
  REQUIRE(::link((dir.path() + "/1/ns/net").c_str(), (dir.path() + "/alias").c_str()) == 0);
  CHECK(is_host_namespace(dir.path() + "/alias", dir.path()));
  CHECK_FALSE(is_host_namespace(dir.path() + "/other", dir.path()));
  CHECK_FALSE(is_host_namespace(dir.path() + "/gone", dir.path()));
}
