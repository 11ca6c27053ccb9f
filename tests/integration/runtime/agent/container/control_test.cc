// SPDX-License-Identifier: Apache-2.0
//
// Controlling a container that runs: exec, terminal, pause, signals, stdin, hooks, limits.
#include <signal.h>
#include <unistd.h>

#include <catch2/catch.hpp>

#include "machine.h"
#include "runtime/base/error.h"
#include "runtime/base/sys_process.h"
#include "tests/support/require.h"

using namespace kata;
using namespace kata::test;

namespace {

grpc::Process shell(const std::string& script) {
  grpc::Process process;
  for (const char* arg : {"sh", "-c"}) process.add_args(arg);
  process.add_args(script);
  process.add_env("PATH=/bin");
  process.set_cwd("/");
  return process;
}

void end(agent::Container& container) {
  container.signal_all(SIGKILL);
  CHECK(sys::shell_status(sys::wait_for(container.init().pid)) == 137);
  container.remove();
  CHECK(container.pids().empty());
}

}  // namespace

TEST_CASE("exec joins the namespaces and the cgroup of init", "[control]") {
  const Machine machine;
  const auto container = machine.create(machine.spec("sleep 100"));
  agent::StartedProcess early = container->exec(shell("hostname"));  // before start, as with runc
  CHECK(Machine::finish(early).out == "box\n");
  container->start();
  agent::StartedProcess process = container->exec(
      shell("hostname; readlink /proc/self/ns/*; cat /proc/1/cgroup /proc/self/cgroup"));
  CHECK(container->pids().size() >= 1);
  const Outcome result = Machine::finish(process);
  CHECK(result.status == 0);
  INFO(result.out << result.err);
  CHECK(result.out.starts_with("box\n"));
  CHECK_THROWS_WITH(container->exec([] {
    auto p = shell("");
    p.set_args(0, "nope");
    return p;
  }()),
                    "exec: \"nope\": executable file not found in $PATH");
  grpc::Process lost = shell("true");
  lost.set_cwd("/missing");
  CHECK_THROWS_WITH(
      container->exec(lost),
      "chdir to cwd (\"/missing\") set in config.json failed: No such file or directory");
  end(*container);
}

TEST_CASE("standard input arrives and ends", "[control]") {
  const Machine machine;
  const auto container = machine.create(machine.spec("cat; echo done"));
  container->start();
  write_all(container->init().stdio.in.get(), "hello ");
  CHECK(Machine::finish(container->init()).out == "hello done\n");
}

TEST_CASE("a terminal is the controlling one, sized, and /dev/console", "[control]") {
  const Machine machine;
  grpc::Spec spec = machine.spec("tty; stty size; tty < /dev/console; echo to-tty > /dev/tty");
  spec.mutable_process()->set_terminal(true);
  spec.mutable_process()->mutable_console_size()->set_height(33);
  spec.mutable_process()->mutable_console_size()->set_width(44);
  const auto container = machine.create(spec);
  container->start();
  std::string text;
  char buffer[512];
  // A master whose slave side is closed by all reads as EIO.
  for (ssize_t count;
       (count = ::read(container->init().stdio.console.get(), buffer, sizeof buffer)) > 0;) {
    text.append(buffer, static_cast<std::size_t>(count));
  }
  CHECK(text == "/dev/pts/0\r\n33 44\r\n/dev/console\r\nto-tty\r\n");
  CHECK(sys::wait_for(container->init().pid) == 0);
}

TEST_CASE("a paused container stands still, refuses exec, and goes on", "[control]") {
  const Machine machine;
  const auto container = machine.create(machine.spec("while true; do echo x; done"));
  container->start();
  container->pause();
  CHECK_THROWS_AS(container->exec(shell("true")), Error);
  container->resume();
  agent::StartedProcess process = container->exec(shell("echo again"));
  CHECK(Machine::finish(process).out == "again\n");
  container->pause();  // must not keep it from being killed
  end(*container);
}

TEST_CASE("names of users are looked up inside the container", "[control]") {
  const Machine machine;
  const auto container = machine.create(machine.spec("sleep 100"));
  container->start();
  grpc::StringUser user;
  user.set_uid("app");
  agent::StartedProcess process = container->exec(shell("id; echo $HOME"), &user);
  CHECK(Machine::finish(process).out ==
        "uid=1000(app) gid=1000(app) groups=2000(extra)\n/home/app\n");
  user.set_uid("nobody-here");
  CHECK_THROWS_AS(container->exec(shell("true"), &user), Error);
  end(*container);
}

TEST_CASE("hooks run, and one that fails undoes the create", "[control]") {
  const Machine machine;
  const TempDir notes;
  grpc::Spec spec = machine.spec("cat /tmp/seen");
  grpc::Hook& before = *spec.mutable_hooks()->add_create_runtime();
  before.set_path("/bin/busybox");
  for (const char* arg : {"busybox", "sh", "-c"}) before.add_args(arg);
  before.add_args("cat > " + notes.path() + "/state");
  grpc::Hook& inside = *spec.mutable_hooks()->add_start_container();
  inside.set_path("/bin/sh");
  for (const char* arg : {"sh", "-c", "echo inside > /tmp/seen"}) inside.add_args(arg);
  CHECK(machine.run(spec).out == "inside\n");
  CHECK(read_file(notes.path() + "/state").find("\"id\":\"c1\"") != std::string::npos);
  before.set_args(3, "exit 3");
  CHECK_THROWS_AS(machine.create(spec), Error);
}

TEST_CASE("a container that was never started is removed", "[control]") {
  const Machine machine;
  const auto container = machine.create(machine.spec("true"));
  const pid_t pid = container->init().pid;
  CHECK(container->pids() == std::vector<pid_t>{pid});
  container->remove();
  container->remove();
  CHECK_FALSE(path_exists(fmt::format("/proc/{}", pid)));
}

TEST_CASE("memory and pids limits hold", "[control][limits]") {
  const Machine machine;
  require(Machine::has_controller("memory") && Machine::has_controller("pids"), "cgroup2",
          "no memory and pids controllers in the cgroup2 tree");
  grpc::Spec spec = machine.spec(
      "cat /sys/fs/cgroup/memory.max /sys/fs/cgroup/pids.max; head -c 60000000 /dev/zero | sh -c "
      "'x=$(cat | busybox tr \"\\\\000\" x)'; echo $?");
  spec.mutable_linux()->mutable_resources()->mutable_memory()->set_limit(16 << 20);
  spec.mutable_linux()->mutable_resources()->mutable_memory()->set_swap(16 << 20);
  spec.mutable_linux()->mutable_resources()->mutable_pids()->set_limit(20);
  const auto container = machine.create(spec);
  container->start();
  const Outcome result = Machine::finish(container->init());
  CHECK(result.out == "16777216\n20\n137\n");
  CHECK(container->oom_kill_count() >= 1);
  CHECK(container->stats().memory_stats().usage().limit() == 16U << 20);
  container->remove();
}
