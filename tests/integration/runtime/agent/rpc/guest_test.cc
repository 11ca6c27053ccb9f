// SPDX-License-Identifier: Apache-2.0
#include <sys/stat.h>

#include <catch2/catch.hpp>

#include "health.pb.h"
#include "runtime/base/error.h"
#include "runtime/base/io.h"
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

TEST_CASE("the guest image's own hooks run for every container", "[agent]") {
  const TempDir hooks;
  const std::string log = hooks.path() + "/log";
  const auto put = [&](const std::string& kind, const std::string& name, mode_t mode) {
    make_directories(hooks.path() + "/" + kind);
    const std::string file = hooks.path() + "/" + kind + "/" + name;
    write_file(file, "#!/bin/sh\nread -r state\necho \"$1 ${0##*/} $state\" >>" + log + "\n");
    REQUIRE(::chmod(file.c_str(), mode) == 0);
  };
  put("prestart", "20-second", 0755);
  put("prestart", "10-first", 0755);
  put("prestart", "30-no-program", 0644);
  put("poststart", "started", 0755);
  put("poststop", "stopped", 0755);
  put("createRuntime", "not-a-guest-hook", 0755);

  const LocalAgent agent;
  const BusyboxRootfs rootfs;
  AgentDriver driver = agent.connect();
  grpc::CreateSandboxRequest request;
  request.set_sandbox_id("s1");
  request.set_guest_hook_path(hooks.path());
  driver.call("CreateSandbox", request);
  driver.create("c1", busybox_spec(rootfs.path(), {"true"}));
  driver.start("c1");
  CHECK(driver.wait("c1") == 0);
  driver.remove("c1");

  const std::string text = read_file(log);
  CHECK_THAT(text, Catch::Matches("prestart 10-first \\{.*\"creating\".*\\}\n"
                                  "prestart 20-second \\{.*\\}\n"
                                  "poststart started \\{.*\"running\".*\\}\n"
                                  "poststop stopped \\{.*\"stopped\".*\\}\n"));
}

TEST_CASE("a guest image without the hooks' folder runs containers without hooks", "[agent]") {
  const LocalAgent agent;
  const BusyboxRootfs rootfs;
  AgentDriver driver = agent.connect();
  grpc::CreateSandboxRequest request;
  request.set_sandbox_id("s1");
  request.set_guest_hook_path("/nonexistent/hooks");
  driver.call("CreateSandbox", request);
  driver.create("c1", busybox_spec(rootfs.path(), {"true"}));
  driver.start("c1");
  CHECK(driver.wait("c1") == 0);
}

TEST_CASE("a hook of the guest that fails keeps the container from being made", "[agent]") {
  const TempDir hooks;
  make_directories(hooks.path() + "/prestart");
  write_file(hooks.path() + "/prestart/no", "#!/bin/sh\necho not today >&2\nexit 3\n");
  REQUIRE(::chmod((hooks.path() + "/prestart/no").c_str(), 0755) == 0);
  const LocalAgent agent;
  const BusyboxRootfs rootfs;
  AgentDriver driver = agent.connect();
  grpc::CreateSandboxRequest request;
  request.set_sandbox_id("s1");
  request.set_guest_hook_path(hooks.path());
  driver.call("CreateSandbox", request);
  CHECK_THROWS_WITH(driver.create("c1", busybox_spec(rootfs.path(), {"true"})),
                    Catch::Contains("prestart/no") && Catch::Contains("not today"));
}
