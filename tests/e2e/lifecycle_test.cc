// SPDX-License-Identifier: Apache-2.0
//
// What comes and goes with containers: nothing is left, many at once, a VM that dies, what a VM
// cannot do.
#include <signal.h>

#include <catch2/catch.hpp>
#include <chrono>

#include "tests/support/docker.h"
#include "tests/support/eventually.h"
#include "tests/support/host_state.h"
#include "tests/support/require.h"

using kata::CommandResult;
using kata::test::Docker;
using kata::test::engine_processes;
using kata::test::host_state;
using kata::test::left_behind;

TEST_CASE("docker run --rm leaves nothing behind", "[e2e]") {
  Docker docker;
  // The first container may fill caches that stay.
  REQUIRE(docker.run({"busybox", "true"}).status == 0);
  CHECK_FALSE(host_state(docker).empty());
  const auto before = host_state(docker);
  CHECK(docker.run({"-v", "/etc:/host:ro", "--tmpfs", "/t", "-p", "18081:80", "busybox", "true"})
            .status == 0);
  CHECK(docker.run({"busybox", "/no/such/program"}).status == 127);
  const std::string id = docker.start({"busybox", "sleep", "1000"});
  CHECK(docker({"exec", id, "false"}).status == 1);
  docker.checked({"rm", "-f", id});
  CHECK(left_behind(docker, before) == "");
}

TEST_CASE("ten containers at once all end as they should", "[e2e][slow]") {
  Docker docker;
  const auto before = host_state(docker);
  std::vector<kata::ChildProcess> clients;
  for (int i = 0; i < 10; ++i) {
    kata::Command command = Docker::command(docker.run_arguments(
        {"--rm", "-m", "256m", "busybox", "sh", "-c", "sleep 2; exit " + std::to_string(50 + i)}));
    command.fds = {{2, 2}};
    clients.push_back(kata::spawn(command));
  }
  for (int i = 0; i < 10; ++i) CHECK(clients[static_cast<std::size_t>(i)].wait() == 50 + i);
  CHECK(left_behind(docker, before) == "");
}

TEST_CASE("a container whose QEMU is killed is reported as ended within two seconds", "[e2e]") {
  Docker docker;
  kata::test::require(docker.is_vm(), "kata-runtime", "runc has no QEMU");
  const auto before = host_state(docker);
  const std::string id = docker.start({"busybox", "sleep", "1000"});
  const std::vector<pid_t> qemu = engine_processes(docker, "qemu");
  REQUIRE(qemu.size() == 1);
  REQUIRE(::kill(qemu[0], SIGKILL) == 0);
  CHECK(kata::test::eventually([&] { return docker.inspect(id, "{{.State.Running}}") == "false"; },
                               std::chrono::seconds(2)));
  CHECK(docker.inspect(id, "{{.State.ExitCode}}") != "0");
  docker.checked({"rm", id});
  CHECK(left_behind(docker, before) == "");
}

TEST_CASE("the host's network (--net=host) is refused with the reason", "[e2e]") {
  Docker docker;
  kata::test::require(docker.is_vm(), "kata-runtime", "runc shares the host's network");
  const auto before = host_state(docker);
  const CommandResult result = docker.run({"--net=host", "busybox", "true"});
  CHECK(result.status != 0);
  INFO(result.error_output);
  CHECK_THAT(result.error_output, Catch::Contains("host") && Catch::Contains("network"));
  CHECK(left_behind(docker, before) == "");
}

TEST_CASE("memory and CPU limits hold inside", "[e2e]") {
  Docker docker;
  const CommandResult result =
      docker.run({"-m", "128m", "--pids-limit", "64", "busybox", "sh", "-c",
                  "cat /sys/fs/cgroup/memory.max /sys/fs/cgroup/pids.max 2>/dev/null || "
                  "cat /sys/fs/cgroup/memory/memory.limit_in_bytes /sys/fs/cgroup/pids/pids.max"});
  INFO(result.error_output);
  CHECK(result.output == "134217728\n64\n");
}
