// SPDX-License-Identifier: Apache-2.0
#include "runtime/oci/state.h"

#include <catch2/catch.hpp>

using namespace kata::oci;

TEST_CASE("state is the specification's JSON", "[oci]") {
  const State running{
      .id = "c1", .status = Status::running, .pid = 7, .bundle = "/b", .annotations = {{"k", "v"}}};
  CHECK(
      state_json(running) ==
      R"({"ociVersion":"1.1.0","id":"c1","status":"running","pid":7,"bundle":"/b","annotations":{"k":"v"}})");
  const State stopped{
      .id = "c1", .status = Status::stopped, .pid = 0, .bundle = "/b", .annotations = {}};
  CHECK(state_json(stopped) ==
        R"({"ociVersion":"1.1.0","id":"c1","status":"stopped","bundle":"/b"})");
}
