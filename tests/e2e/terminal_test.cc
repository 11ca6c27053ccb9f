// SPDX-License-Identifier: Apache-2.0
//
// Containers and exec sessions on a terminal.
#include <catch2/catch.hpp>

#include "tests/support/docker.h"
#include "tests/support/pty_process.h"

using kata::CommandResult;
using kata::test::Docker;
using kata::test::PtyProcess;

namespace {

std::vector<std::string> words(std::vector<std::string> arguments) {
  return Docker::command(std::move(arguments)).argv;
}

}  // namespace

TEST_CASE("docker run -it gives a terminal of the right size that can be resized and interrupted",
          "[e2e]") {
  Docker docker;
  PtyProcess terminal(words(docker.run_arguments({"--rm", "-it", "busybox", "sh"})), 31, 97);
  terminal.read_until("# ");
  terminal.type("tty; stty size; echo 'done'1\n");
  const std::string first = terminal.read_until("done1\r\n");
  CHECK_THAT(first, Catch::Contains("/dev/pts/0"));
  CHECK_THAT(first, Catch::Contains("31 97"));

  // A child that waits for the signal: busybox's own line editor takes SIGWINCH for itself.
  terminal.type(
      "sh -c \"trap 'stty size; exit' WINCH; echo wait''ing; while :; do sleep 0.1; done\"; echo "
      "'done'2\n");
  terminal.read_until("waiting\r\n");
  terminal.resize(40, 120);
  CHECK_THAT(terminal.read_until("done2\r\n"), Catch::Contains("40 120"));

  terminal.type("sh -c \"echo be''gun; sleep 100\"\n");
  terminal.read_until("begun\r\n");
  terminal.type("\x03");
  terminal.read_until("# ");
  terminal.type("exit 7\n");
  CHECK(terminal.wait() == 7);
}

TEST_CASE("a terminal belongs to the user whose it is", "[e2e]") {
  Docker docker;
  const CommandResult result = docker.run({"-t", "-u", "1000", "busybox", "sh", "-c",
                                           "echo out > /dev/stdout; echo err > /dev/stderr"});
  CHECK(result.output == "out\r\nerr\r\n");
  const std::string id = docker.start({"busybox", "sleep", "1000"});
  CHECK(docker({"exec", "-t", "-u", "1000", id, "sh", "-c", "echo out > /dev/stdout"}).output ==
        "out\r\n");
}

TEST_CASE("docker exec -it gives a terminal of its own", "[e2e]") {
  Docker docker;
  const std::string id = docker.start({"busybox", "sleep", "1000"});
  PtyProcess terminal(words({"exec", "-it", id, "sh"}), 25, 70);
  terminal.read_until("# ");
  // Docker sets an exec's size after it has started it.
  terminal.type("until stty size | grep '25 70'; do sleep 0.1; done; echo 'done'1\n");
  CHECK_THAT(terminal.read_until("done1\r\n"), Catch::Contains("\n25 70"));
  terminal.resize(50, 140);
  // The client hears of it by a signal of its own, so it takes a moment.
  terminal.type("until stty size | grep '50 140'; do sleep 0.1; done; echo 'done'2\n");
  CHECK_THAT(terminal.read_until("done2\r\n"), Catch::Contains("\n50 140"));
  terminal.type("exit 3\n");
  CHECK(terminal.wait() == 3);
  CHECK(docker.inspect(id, "{{.State.Running}}") == "true");
}
