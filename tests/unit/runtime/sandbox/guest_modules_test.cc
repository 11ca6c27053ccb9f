// SPDX-License-Identifier: Apache-2.0
#include "runtime/sandbox/guest_modules.h"

#include <catch2/catch.hpp>

#include "agent.pb.h"

TEST_CASE("a module's name comes first, its parameters after it", "[modules]") {
  grpc::CreateSandboxRequest request;
  kata::sandbox::add_kernel_modules({"xt_mark", "  ", "e1000e  rate=3000 debug=1"}, request);
  REQUIRE(request.kernel_modules_size() == 2);
  CHECK(request.kernel_modules(0).name() == "xt_mark");
  CHECK(request.kernel_modules(0).parameters_size() == 0);
  CHECK(request.kernel_modules(1).name() == "e1000e");
  REQUIRE(request.kernel_modules(1).parameters_size() == 2);
  CHECK(request.kernel_modules(1).parameters(1) == "debug=1");
}
