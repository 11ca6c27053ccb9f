// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>

#include "health.pb.h"
#include "runtime/base/error.h"
#include "tests/support/agent_driver.h"

using namespace kata;
using namespace kata::test;

TEST_CASE("the agent tells its health, its version and its figures", "[agent]") {
  const LocalAgent agent;
  AgentDriver driver = agent.connect();
  const auto health = driver.client().call<grpc::HealthCheckResponse>(
      "grpc.Health", "Check", grpc::CheckRequest(), std::chrono::seconds(10));
  CHECK(health.status() == grpc::HealthCheckResponse::SERVING);
  const auto details =
      driver.call<grpc::GuestDetailsResponse>("GetGuestDetails", grpc::GuestDetailsRequest());
  CHECK(details.agent_details().version() == KATA_VERSION);
  const auto metrics =
      driver.call<grpc::Metrics>("GetMetrics", grpc::GetMetricsRequest()).metrics();
  CHECK(metrics.find("kata_guest_meminfo{item=\"MemTotal\"}") != std::string::npos);
}

TEST_CASE("the loopback is listed, and there is one sandbox", "[agent]") {
  const LocalAgent agent;
  AgentDriver driver = agent.connect();
  const auto interfaces =
      driver.call<grpc::Interfaces>("ListInterfaces", grpc::ListInterfacesRequest());
  REQUIRE(interfaces.interfaces_size() >= 1);
  grpc::CreateSandboxRequest request;
  request.set_sandbox_id("s1");
  driver.call("CreateSandbox", request);
  CHECK_THROWS_AS(driver.call("CreateSandbox", request), Error);
}

TEST_CASE("files come below /run, whole, and nowhere else", "[agent]") {
  const LocalAgent agent;
  AgentDriver driver = agent.connect();
  grpc::CopyFileRequest request;
  request.set_path("/run/kata-containers/shared/hosts");
  request.set_file_mode(0100644);
  request.set_file_size(10);
  request.set_data("01234");
  driver.call("CopyFile", request);
  request.set_offset(5);
  driver.call("CopyFile", request);
  request.set_offset(8);
  CHECK_THROWS_AS(driver.call("CopyFile", request), Error);
  for (const char* path : {"/etc/passwd", "/run/../etc/passwd", "/run", "relative", ""}) {
    request.set_path(path);
    request.set_offset(0);
    CHECK_THROWS_AS(driver.call("CopyFile", request), Error);
  }
}

TEST_CASE("what this guest does not do is said clearly", "[agent]") {
  const LocalAgent agent;
  AgentDriver driver = agent.connect();
  try {
    driver.call("SetPolicy", grpc::SetPolicyRequest());
    FAIL("a policy was taken");
  } catch (const Error& error) {
    CHECK(error.code() == Code::unimplemented);
  }
}
