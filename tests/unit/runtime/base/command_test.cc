// SPDX-License-Identifier: Apache-2.0
#include "runtime/base/command.h"

#include <fcntl.h>
#include <sched.h>

#include <catch2/catch.hpp>

#include "runtime/base/error.h"
#include "runtime/base/io.h"
#include "runtime/base/scope_exit.h"
#include "runtime/base/sys_process.h"
#include "tests/support/require.h"

using namespace kata;

TEST_CASE("run collects both outputs and the status", "[command]") {
  RealCommandRunner runner;
  const CommandResult result =
      runner.run({.argv = {"sh", "-c", "cat; echo oops >&2; exit 3"}, .env = {}, .input = "hello"});
  CHECK(result.output == "hello");
  CHECK(result.error_output == "oops\n");
  CHECK(result.status == 3);
}

TEST_CASE("run feeds and collects more than a pipe holds", "[command]") {
  RealCommandRunner runner;
  const std::string big(1 << 20, 'x');
  CHECK(runner.run({.argv = {"cat"}, .env = {}, .input = big}).output == big);
}

TEST_CASE("a program that is not there is named", "[command]") {
  RealCommandRunner runner;
  CHECK_THROWS_WITH(runner.run({.argv = {"kata-no-such-program"}}),
                    Catch::Matchers::Contains("kata-no-such-program"));
}

TEST_CASE("a failed command shows its line, its status and the end of its stderr", "[command]") {
  RealCommandRunner runner;
  CHECK_THROWS_WITH(run_checked(runner, {.argv = {"sh", "-c", "echo why >&2; exit 4"}}),
                    Catch::Matchers::Contains("exit status 4: why"));
  CHECK(printable({.argv = {"a b", "it's", "plain"}}) == "'a b' 'it'\\''s' plain");
}

TEST_CASE("a command past its timeout is killed", "[command]") {
  RealCommandRunner runner;
  try {
    runner.run({.argv = {"sleep", "60"}, .timeout = std::chrono::milliseconds(50)});
    FAIL("nothing was thrown");
  } catch (const Error& error) {
    CHECK(error.code() == Code::deadline_exceeded);
  }
}

TEST_CASE("spawn gives the child the descriptors asked for and no others", "[command]") {
  Pipe out = make_pipe();
  const UniqueFd extra = open_file("/dev/null", 0);
  ChildProcess child =
      spawn({.argv = {"sh", "-c", "echo via-five >&5; ls /proc/self/fd | wc -w >&5"},
             .fds = {{5, out.write.get()}}});
  CHECK(child.wait() == 0);
  out.write.reset();
  // 0, 1, 2, 5 and the one that ls itself opens.
  CHECK(read_all(out.read.get()) == "via-five\n5\n");
}

TEST_CASE("lines of output arrive while the command runs", "[command]") {
  RealCommandRunner runner;
  int lines = 0;
  runner.run_lines({.argv = {"printf", "a\\nb\\nc\\n"}}, [&](std::string_view) { ++lines; });
  CHECK(lines == 3);
}

TEST_CASE("a program that does not read its input is no reason to die", "[command]") {
  RealCommandRunner runner;
  const CommandResult result = runner.run({.argv = {"false"}, .input = std::string(1 << 20, 'x')});
  CHECK(result.status == 1);
}

TEST_CASE("children that get a pid namespace of their own start too", "[command]") {
  test::require_root();
  const UniqueFd outside = open_file("/proc/self/ns/pid", O_RDONLY);
  sys::unshare(CLONE_NEWPID);
  const ScopeExit back([&] { sys::setns(outside.get(), CLONE_NEWPID); });
  RealCommandRunner runner;
  const CommandResult result = runner.run({.argv = {"sh", "-c", "echo $$"}});
  CHECK(result.output == "1\n");
  CHECK(result.status == 0);
}
