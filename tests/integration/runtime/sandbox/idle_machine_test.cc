// SPDX-License-Identifier: Apache-2.0
//
// A machine ends with its only container, before the engine gets round to deleting that.
#include <catch2/catch.hpp>

#include "agent.pb.h"
#include "sandbox_bench.h"

using namespace kata;
using namespace kata::test;

namespace {

/// Of the processes that are waited for, the first `count` end at once, and nothing writes.
BenchOptions ending(int count) {
  const HostileAgent::Answer end_of_output = [](int) { return std::string(); };
  return {.answers = {{"WaitProcess",
                       [count](int call) -> std::optional<std::string> {
                         if (call > count) return std::nullopt;
                         grpc::WaitProcessResponse response;
                         response.set_status(3);
                         return response.SerializeAsString();
                       }},
                      {"ReadStdout", end_of_output},
                      {"ReadStderr", end_of_output}}};
}

bool has_ended(SandboxBench& bench, const std::string& id) {
  return bench.sandbox().process(id, "")->status == sandbox::ProcessStatus::stopped;
}

}  // namespace

TEST_CASE("a machine ends with its only container", "[idle]") {
  SandboxBench bench(ending(1));
  REQUIRE(bench.create().code == Code::ok);
  REQUIRE(bench.start().code == Code::ok);
  REQUIRE(bench.run_until([&] { return bench.sandbox().hypervisor_pid() == 0; }));
  CHECK(has_ended(bench, "c1"));
  // It was let finish what it had to say.
  CHECK(bench.agent().calls("Check") == 1);
  CHECK(bench.run(bench.sandbox().wait("c1", "")).code == Code::ok);
  CHECK(bench.create("c2").code == Code::failed_precondition);
  CHECK(bench.run(bench.sandbox().remove("c1", "")).code == Code::ok);
  CHECK(bench.sandbox().empty());
}

TEST_CASE("a machine outlives a container while another runs in it", "[idle]") {
  SandboxBench bench(ending(1));
  REQUIRE(bench.create().code == Code::ok);
  REQUIRE(bench.create("c2").code == Code::ok);
  REQUIRE(bench.start().code == Code::ok);
  REQUIRE(bench.start("c2").code == Code::ok);
  REQUIRE(bench.run_until([&] { return has_ended(bench, "c1"); }));
  bench.io.run_for(std::chrono::milliseconds(50));
  CHECK(bench.sandbox().hypervisor_pid() != 0);
  CHECK_FALSE(has_ended(bench, "c2"));
}

TEST_CASE("a guest that says nothing more ends all the same", "[idle]") {
  BenchOptions options = ending(1);
  options.attacks = {{"Check", Attack::silence}};
  SandboxBench bench(std::move(options));
  REQUIRE(bench.create().code == Code::ok);
  REQUIRE(bench.start().code == Code::ok);
  CHECK(bench.run_until([&] { return bench.sandbox().hypervisor_pid() == 0; }));
}
