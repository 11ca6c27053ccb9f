// SPDX-License-Identifier: Apache-2.0
//
// A running container: exec, logs, top, stats, pause, copy.
#include <fmt/core.h>

#include <catch2/catch.hpp>

#include "runtime/base/io.h"
#include "tests/support/docker.h"
#include "tests/support/eventually.h"

using kata::CommandResult;
using kata::test::Docker;
using kata::test::trimmed;

TEST_CASE("docker exec runs further processes in the container", "[e2e]") {
  Docker docker;
  const std::string id = docker.start({"--hostname", "hive", "busybox", "sleep", "1000"});
  SECTION("streams, status and the container's own view") {
    CHECK(docker.checked({"exec", id, "hostname"}) == "hive");
    CHECK(docker({"exec", id, "sh", "-c", "exit 23"}).status == 23);
    // Docker 20.10 says 126 here for either, with runc too.
    const CommandResult missing = docker({"exec", id, "/no/such/program"});
    CHECK(missing.status == 126);
    CHECK_THAT(missing.output + missing.error_output, Catch::Contains("no such file or directory"));
    CHECK(docker({"exec", id, "/etc/passwd"}).status == 126);
    const CommandResult both = docker({"exec", id, "sh", "-c", "echo o; echo e >&2"});
    CHECK(both.output == "o\n");
    CHECK(both.error_output == "e\n");
    CHECK(docker({"exec", "-i", id, "cat"}, "fed\n").output == "fed\n");
    CHECK_THAT(docker.checked({"exec", id, "ps"}), Catch::Contains("sleep 1000"));
    const CommandResult told = docker(
        {"exec", "-u", "1000:50", "-w", "/srv", "-e", "BEE=1", id, "probe", "ids", "environment"});
    CHECK_THAT(told.output, Catch::Contains("uid=1000\ngid=50\n"));
    CHECK_THAT(told.output, Catch::Contains("cwd=/srv\n"));
    CHECK_THAT(told.output, Catch::Contains("env.BEE=1\n"));
    // An option of the command is the command's.
    CHECK(docker.checked({"exec", id, "echo", "--help-me", "-u"}) == "--help-me -u");
  }
  CHECK(docker.inspect(id, "{{.State.Running}}") == "true");
}

TEST_CASE("docker logs -f follows the output to its end", "[e2e]") {
  Docker docker;
  const std::string id =
      docker.start({"busybox", "sh", "-c",
                    "for i in 1 2 3 4 5; do echo line $i; sleep 0.3; done; echo last >&2"});
  const CommandResult logs = docker({"logs", "-f", id});
  CHECK(logs.status == 0);
  CHECK(logs.output == "line 1\nline 2\nline 3\nline 4\nline 5\n");
  CHECK(logs.error_output == "last\n");
}

TEST_CASE("docker top and docker stats know the container", "[e2e]") {
  Docker docker;
  const std::string id = docker.start({"busybox", "sleep", "1000"});
  const std::string top = docker.checked({"top", id});
  INFO(top);
  CHECK(std::count(top.begin(), top.end(), '\n') >= 1);
  CHECK_THAT(top, Catch::Contains("sleep 1000"));
  const CommandResult stats =
      docker({"stats", "--no-stream", "--format", "{{.MemUsage}};{{.PIDs}}", id});
  INFO(stats.error_output);
  REQUIRE(stats.status == 0);
  CHECK_THAT(stats.output, !Catch::StartsWith("0B"));
  CHECK_THAT(stats.output, Catch::Contains("iB /"));
}

TEST_CASE("docker pause stops the container's clockwork and unpause lets it go on", "[e2e]") {
  Docker docker;
  const std::string id = docker.start(
      {"busybox", "sh", "-c", "i=0; while :; do i=$((i+1)); echo $i; sleep 0.1; done"});
  REQUIRE(docker.wait_for_log(id, "3\n"));
  docker.checked({"pause", id});
  CHECK(docker.inspect(id, "{{.State.Status}}") == "paused");
  const auto count = [&] { return docker.checked({"logs", id}).size(); };
  // What was under way when it stopped may still come out.
  kata::test::eventually([] { return false; }, std::chrono::milliseconds(500));
  const std::size_t stopped = count();
  kata::test::eventually([] { return false; }, std::chrono::milliseconds(1000));
  CHECK(count() == stopped);
  docker.checked({"unpause", id});
  CHECK(kata::test::eventually([&] { return count() > stopped; }));
}

TEST_CASE("docker cp copies both ways, container running or stopped", "[e2e]") {
  Docker docker;
  const kata::TempDir folder("/var/tmp");
  kata::write_file(folder.path() + "/in", "payload\n");
  const std::string id = docker.start({"busybox", "sleep", "1000"});
  docker.checked({"cp", folder.path() + "/in", id + ":/srv/in"});
  CHECK(docker.checked({"exec", id, "cat", "/srv/in"}) == "payload");
  docker.checked({"exec", id, "sh", "-c", "echo made inside > /srv/out"});
  docker.checked({"cp", id + ":/srv/out", folder.path() + "/out"});
  CHECK(kata::read_file(folder.path() + "/out") == "made inside\n");
  docker.checked({"kill", id});
  docker.checked({"wait", id});
  docker.checked({"cp", folder.path() + "/in", id + ":/srv/again"});
  docker.checked({"cp", id + ":/srv/again", folder.path() + "/again"});
  CHECK(kata::read_file(folder.path() + "/again") == "payload\n");
}
