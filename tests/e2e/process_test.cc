// SPDX-License-Identifier: Apache-2.0
//
// What a container's process sees and how it ends: kernel, exit status, standard streams,
// environment, user.
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/utsname.h>

#include <algorithm>
#include <catch2/catch.hpp>

#include "runtime/base/io.h"
#include "tests/support/docker.h"

using kata::CommandResult;
using kata::test::Docker;
using kata::test::trimmed;

namespace {

std::string host_release() {
  utsname name{};
  ::uname(&name);
  return name.release;
}

}  // namespace

TEST_CASE("the container runs on a kernel of its own", "[e2e]") {
  Docker docker;
  const CommandResult result = docker.run({"busybox", "uname", "-r"});
  INFO(result.error_output);
  REQUIRE(result.status == 0);
  const std::string release = trimmed(result.output);
  if (docker.is_vm()) {
    CHECK(release.ends_with(".container"));
    CHECK(release != host_release());
  } else {
    CHECK(release == host_release());
  }
}

TEST_CASE("docker run reports the exit status of the process", "[e2e]") {
  Docker docker;
  CHECK(docker.run({"busybox", "true"}).status == 0);
  CHECK(docker.run({"busybox", "false"}).status == 1);
  CHECK(docker.run({"busybox", "sh", "-c", "exit 42"}).status == 42);
}

TEST_CASE("a process that ends by a signal gives 128 and the signal", "[e2e]") {
  Docker docker;
  // The child of PID 1 kills itself; PID 1 itself is shielded from its own signals, see
  // pid_namespaces(7).
  CHECK(docker.run({"busybox", "sh", "-c", "sh -c 'kill -9 $$'; exit $?"}).status == 137);
}

TEST_CASE("a command that cannot be run gives 126 or 127 and says why", "[e2e]") {
  Docker docker;
  const CommandResult missing = docker.run({"busybox", "/no/such/program"});
  CHECK(missing.status == 127);
  CHECK_THAT(missing.error_output, Catch::Contains("/no/such/program"));
  const CommandResult unusable = docker.run({"busybox", "/etc/passwd"});
  CHECK(unusable.status == 126);
  CHECK_THAT(unusable.error_output, Catch::Contains("ermission denied"));
}

TEST_CASE("standard output and standard error stay apart", "[e2e]") {
  Docker docker;
  const CommandResult result = docker.run({"busybox", "sh", "-c", "echo to-out; echo to-err >&2"});
  REQUIRE(result.status == 0);
  CHECK(result.output == "to-out\n");
  CHECK(result.error_output == "to-err\n");
}

TEST_CASE("standard input reaches the process and ends", "[e2e]") {
  Docker docker;
  const CommandResult result = docker.run({"-i", "busybox", "cat"}, "one\ntwo\n");
  REQUIRE(result.status == 0);
  CHECK(result.output == "one\ntwo\n");
}

TEST_CASE("without -i standard input is /dev/null, as programs expect", "[e2e]") {
  Docker docker;
  const char* script = "readlink /proc/self/fd/0; wc -c";
  CHECK(docker.run({"busybox", "sh", "-c", script}).output == "/dev/null\n0\n");
  const std::string id = docker.start({"busybox", "sleep", "1000"});
  CHECK(docker({"exec", id, "sh", "-c", script}).output == "/dev/null\n0\n");
  CHECK(docker({"exec", "-i", id, "wc", "-c"}, "four").output == "4\n");
}

TEST_CASE("100 MB through a pipe come back intact", "[e2e]") {
  Docker docker;
  const kata::TempDir folder("/var/tmp");
  const std::string in = folder.path() + "/in";
  const std::string out = folder.path() + "/out";
  kata::RealCommandRunner runner;
  kata::run_checked(runner, {.argv = {"dd", "if=/dev/urandom", "of=" + in, "bs=1M", "count=100"}});
  {
    const kata::UniqueFd source = kata::open_file(in, O_RDONLY);
    const kata::UniqueFd sink = kata::open_file(out, O_WRONLY | O_CREAT, 0600);
    kata::Command command = Docker::command(docker.run_arguments({"--rm", "-i", "busybox", "cat"}));
    command.fds = {{0, source.get()}, {1, sink.get()}, {2, 2}};
    CHECK(kata::spawn(command).wait() == 0);
  }
  CHECK(runner.run({.argv = {"cmp", in, out}}).output.empty());
  CHECK(runner.run({.argv = {"cmp", in, out}}).status == 0);
}

TEST_CASE("environment, folder, host name and user are as told", "[e2e]") {
  Docker docker;
  const CommandResult result =
      docker.run({"-e", "COLOUR=dark green", "-w", "/srv", "--hostname", "bee", "-u", "alice",
                  "busybox", "probe", "environment", "host", "ids"});
  INFO(result.error_output);
  REQUIRE(result.status == 0);
  CHECK_THAT(result.output, Catch::Contains("env.COLOUR=dark green\n"));
  CHECK_THAT(result.output, Catch::Contains("cwd=/srv\n"));
  CHECK_THAT(result.output, Catch::Contains("hostname=bee\n"));
  CHECK_THAT(result.output, Catch::Contains("uid=1000\ngid=1000\ngroups=50"));
}

TEST_CASE("a container is confined as the engine asks", "[e2e]") {
  Docker docker;
  const CommandResult result =
      docker.run({"--ulimit", "nofile=512:1024", "--cap-drop", "ALL", "--cap-add", "NET_ADMIN",
                  "--security-opt", "no-new-privileges", "busybox", "probe"});
  INFO(result.error_output);
  REQUIRE(result.status == 0);
  INFO(result.output);
  CHECK_THAT(result.output, Catch::Contains("limit.nofile=512:1024\n"));
  CHECK_THAT(result.output, Catch::Contains("CapEff=0000000000001000\n"));
  CHECK_THAT(result.output, Catch::Contains("CapBnd=0000000000001000\n"));
  CHECK_THAT(result.output, Catch::Contains("NoNewPrivs=1\n"));
  CHECK_THAT(result.output, Catch::Contains("Seccomp=2\n"));
  CHECK_THAT(result.output, Catch::Contains("device./dev/null=present\n"));
  CHECK_THAT(result.output, Catch::Contains("device./dev/shm=present\n"));
  CHECK_THAT(result.output, Catch::Contains("device./dev/mem=absent\n"));
  CHECK_THAT(result.output, Catch::Contains("writable./proc/sysrq-trigger=no\n"));
  CHECK_THAT(result.output, Catch::Contains("writable./proc/sys/kernel/hostname=no\n"));
}

TEST_CASE("a Debian image runs", "[e2e]") {
  Docker docker;
  const CommandResult result = docker.run({"debian", "bash", "-c",
                                           ". /etc/os-release; echo $ID; ps -e | wc -l; perl -e "
                                           "'print 6*7'; ip -o link show lo | cut -d: -f2"});
  INFO(result.error_output);
  REQUIRE(result.status == 0);
  CHECK_THAT(result.output, Catch::StartsWith("debian\n"));
  CHECK_THAT(result.output, Catch::Contains("42"));
  CHECK_THAT(result.output, Catch::Contains(" lo"));
}

TEST_CASE("limits that nobody sets are those of the engine, not a kernel's", "[e2e]") {
  Docker docker;
  rlimit own{};  // the engine's too: the tests have started it
  REQUIRE(::getrlimit(RLIMIT_NOFILE, &own) == 0);
  const std::string hard = std::to_string(std::min<rlim_t>(own.rlim_max, 1 << 20)) + "\n";
  CHECK(docker.run({"busybox", "sh", "-c", "ulimit -Hn"}).output == hard);
  const std::string id = docker.start({"--ulimit", "core=5:7", "busybox", "sleep", "1000"});
  CHECK(docker({"exec", id, "sh", "-c", "ulimit -Hn"}).output == hard);
}
