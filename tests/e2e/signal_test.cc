// SPDX-License-Identifier: Apache-2.0
//
// Stopping and signalling containers.
#include <catch2/catch.hpp>
#include <chrono>

#include "tests/support/docker.h"

using kata::test::Docker;

TEST_CASE("docker stop lets the process end by itself", "[e2e]") {
  Docker docker;
  const std::string id =
      docker.start({"busybox", "sh", "-c",
                    "trap 'echo bye; exit 5' TERM; echo ready; while :; do sleep 0.1; done"});
  REQUIRE(docker.wait_for_log(id, "ready"));
  docker.checked({"stop", "-t", "30", id});
  CHECK(docker.inspect(id, "{{.State.ExitCode}}") == "5");
  CHECK_THAT(docker.checked({"logs", id}), Catch::Contains("bye"));
}

TEST_CASE("docker stop kills what does not listen", "[e2e]") {
  Docker docker;
  const std::string id = docker.start(
      {"busybox", "sh", "-c", "trap '' TERM; echo ready; while :; do sleep 0.1; done"});
  REQUIRE(docker.wait_for_log(id, "ready"));
  const auto began = std::chrono::steady_clock::now();
  docker.checked({"stop", "-t", "1", id});
  CHECK(std::chrono::steady_clock::now() - began < std::chrono::seconds(10));
  CHECK(docker.inspect(id, "{{.State.ExitCode}} {{.State.Running}}") == "137 false");
}

TEST_CASE("docker kill sends the signal it is told", "[e2e]") {
  Docker docker;
  const std::string id =
      docker.start({"busybox", "sh", "-c",
                    "trap 'echo got usr1' USR1; echo ready; while :; do sleep 0.1; done"});
  REQUIRE(docker.wait_for_log(id, "ready"));
  docker.checked({"kill", "-s", "USR1", id});
  CHECK(docker.wait_for_log(id, "got usr1", std::chrono::seconds(10)));
  CHECK(docker.inspect(id, "{{.State.Running}}") == "true");
  docker.checked({"kill", id});
  CHECK(docker.checked({"wait", id}) == "137");
}

TEST_CASE("a stopped container starts again with its files", "[e2e]") {
  Docker docker;
  const std::string id =
      docker.start({"busybox", "sh", "-c", "echo run >> /srv/runs; cat /srv/runs"});
  CHECK(docker.checked({"wait", id}) == "0");
  docker.checked({"start", id});
  CHECK(docker.checked({"wait", id}) == "0");
  CHECK(docker.checked({"logs", id}) == "run\nrun\nrun");
}
