// SPDX-License-Identifier: Apache-2.0
#include <signal.h>

#include <catch2/catch.hpp>

#include "runtime/base/error.h"
#include "tests/support/agent_driver.h"

using namespace kata;
using namespace kata::test;

namespace {

template <typename Body>
Code code_of(Body body) {
  try {
    body();
  } catch (const Error& error) {
    return error.code();
  }
  return Code::ok;
}

}  // namespace

TEST_CASE("a container runs, tells its output and its status, and is removed", "[agent]") {
  const LocalAgent agent;
  const BusyboxRootfs rootfs;
  AgentDriver driver = agent.connect();
  driver.create("c1", busybox_spec(rootfs.path(), {"sh", "-c", "echo out; echo err >&2; exit 7"}));
  driver.start("c1");
  CHECK(driver.wait("c1") == 7);
  CHECK(driver.read_output("c1") == "out\n");
  CHECK(driver.read_output("c1", "", true) == "err\n");
  CHECK(driver.wait("c1") == 7);
  driver.remove("c1");
  CHECK(code_of([&] { driver.wait("c1"); }) == Code::not_found);
}

TEST_CASE("ids that are taken, strange or unknown are refused", "[agent]") {
  const LocalAgent agent;
  const BusyboxRootfs rootfs;
  AgentDriver driver = agent.connect();
  const grpc::Spec spec = busybox_spec(rootfs.path(), {"sleep", "60"});
  driver.create("c1", spec);
  CHECK(code_of([&] { driver.create("c1", spec); }) == Code::already_exists);
  CHECK(code_of([&] { driver.create("../c1", spec); }) == Code::invalid_argument);
  CHECK(code_of([&] { driver.start("c2"); }) == Code::not_found);
  driver.start("c1");
  CHECK(code_of([&] { driver.start("c1"); }) == Code::failed_precondition);
  CHECK(code_of([&] { driver.wait("c1", "nobody"); }) == Code::not_found);
  driver.remove("c1");
}

TEST_CASE("a program that is not there fails the start, and leaves nothing behind", "[agent]") {
  const LocalAgent agent;
  const BusyboxRootfs rootfs;
  AgentDriver driver = agent.connect();
  CHECK(code_of([&] {
          driver.create("c1", busybox_spec(rootfs.path(), {"no-such-program"}));
          driver.start("c1");
        }) != Code::ok);
}

TEST_CASE("several callers wait for one process, which a signal ends", "[agent]") {
  const LocalAgent agent;
  const BusyboxRootfs rootfs;
  AgentDriver driver = agent.connect();
  driver.create(
      "c1",
      busybox_spec(rootfs.path(),
                   {"sh", "-c", "trap 'exit 3' TERM; echo ready; while true; do sleep 0.1; done"}));
  driver.start("c1");
  // The kernel drops a signal to a namespace's first process that has no handler for it yet.
  REQUIRE(driver.read_some("c1") == "ready\n");
  grpc::WaitProcessRequest wait;
  wait.set_container_id("c1");
  const std::uint32_t first = driver.begin("WaitProcess", wait);
  const std::uint32_t second = driver.begin("WaitProcess", wait);
  driver.signal("c1", "c1", SIGTERM);
  CHECK(driver.answer<grpc::WaitProcessResponse>(first).status() == 3);
  CHECK(driver.answer<grpc::WaitProcessResponse>(second).status() == 3);
  driver.remove("c1");
}

TEST_CASE("exec runs in the container, and its id is free again afterwards", "[agent]") {
  const LocalAgent agent;
  const BusyboxRootfs rootfs;
  AgentDriver driver = agent.connect();
  driver.create("c1", busybox_spec(rootfs.path(), {"sleep", "600"}));
  driver.start("c1");
  grpc::Process process;
  process.set_cwd("/tmp");
  process.add_env("PATH=/bin");
  for (const char* word : {"sh", "-c", "pwd; exit 5"}) process.add_args(word);
  for (int round = 0; round < 2; ++round) {
    driver.exec("c1", "e1", process);
    CHECK(driver.read_output("c1", "e1") == "/tmp\n");
    CHECK(driver.wait("c1", "e1") == 5);
  }
  driver.signal("c1", "", SIGKILL);
  CHECK(driver.wait("c1") == 128 + SIGKILL);
  driver.remove("c1");
}

TEST_CASE("removing a running container ends the calls parked on it", "[agent]") {
  const LocalAgent agent;
  const BusyboxRootfs rootfs;
  AgentDriver driver = agent.connect();
  driver.create("c1", busybox_spec(rootfs.path(), {"sleep", "600"}));
  driver.start("c1");
  grpc::ReadStreamRequest read;
  read.set_container_id("c1");
  read.set_len(4096);
  const std::uint32_t reader = driver.begin("ReadStdout", read);
  grpc::WaitProcessRequest wait;
  wait.set_container_id("c1");
  const std::uint32_t waiter = driver.begin("WaitProcess", wait);
  driver.remove("c1");
  CHECK(driver.answer<grpc::ReadStreamResponse>(reader).data().empty());
  CHECK(driver.answer<grpc::WaitProcessResponse>(waiter).status() == 128 + SIGKILL);
}
