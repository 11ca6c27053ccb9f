// SPDX-License-Identifier: Apache-2.0
//
// Containers and exec sessions on a terminal.
#include <catch2/catch.hpp>

#include "tests/support/docker.h"
#include "tests/support/pty_process.h"

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

  terminal.type("trap 'echo WIN''CH; stty size' WINCH; echo 'done'2\n");
  terminal.read_until("done2\r\n");
  terminal.resize(40, 120);
  // busybox's shell runs a trap between commands.
  terminal.type("sleep 1; echo 'done'3\n");
  const std::string second = terminal.read_until("done3\r\n");
  CHECK_THAT(second, Catch::Contains("WINCH"));
  CHECK_THAT(second, Catch::Contains("40 120"));

  terminal.type("sleep 100\n");
  terminal.read_until("sleep 100\r\n");
  terminal.type("\x03");
  terminal.read_until("# ");
  terminal.type("exit 7\n");
  CHECK(terminal.wait() == 7);
}

TEST_CASE("docker exec -it gives a terminal of its own", "[e2e]") {
  Docker docker;
  const std::string id = docker.start({"busybox", "sleep", "1000"});
  PtyProcess terminal(words({"exec", "-it", id, "sh"}), 25, 70);
  terminal.read_until("# ");
  terminal.type("stty size; echo 'done'1\n");
  CHECK_THAT(terminal.read_until("done1\r\n"), Catch::Contains("25 70"));
  terminal.resize(50, 140);
  terminal.type("sleep 1; stty size; echo 'done'2\n");
  CHECK_THAT(terminal.read_until("done2\r\n"), Catch::Contains("50 140"));
  terminal.type("exit 3\n");
  CHECK(terminal.wait() == 3);
  CHECK(docker.inspect(id, "{{.State.Running}}") == "true");
}
