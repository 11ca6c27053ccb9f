// SPDX-License-Identifier: Apache-2.0
//
// SIGKILL at the steps of a container's life: of the command line and of the sandbox process at the
// system calls by which they change the host, and of each process of the sandbox at moments of its
// start. `delete --force` must leave the host as it was.
#include <signal.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <chrono>
#include <functional>
#include <future>
#include <thread>

#include "runtime/base/path.h"
#include "runtime/base/text.h"
#include "tests/e2e/bundle.h"
#include "tests/support/docker.h"
#include "tests/support/eventually.h"
#include "tests/support/host_state.h"
#include "tests/support/require.h"

using kata::CommandResult;
using kata::test::Docker;
using kata::test::engine_processes;
using kata::test::eventually;
using kata::test::host_state;
using kata::test::left_behind;
using kata::test::OciRuntime;

namespace {

/// What makes, names and removes files, mounts, processes and sockets, and what talks to others.
const std::string kSteps =
    "mkdir,mkdirat,rename,renameat,renameat2,link,symlink,unlink,unlinkat,rmdir,mount,umount2,"
    "fork,vfork,clone,clone3,execve,socketpair,connect,bind,listen,sendmsg,sendto,flock,ftruncate";

/// "mkdir" of a line of strace's output.
std::string called(const std::string& line) { return line.substr(0, line.find('(')); }

/// What strace is told for SIGKILL at steps[step]; it counts each kind of call by itself.
std::vector<std::string> kill_at(const std::vector<std::string>& steps, std::size_t step) {
  const std::string call = called(steps[step]);
  const auto times =
      std::count_if(steps.begin(), steps.begin() + static_cast<std::ptrdiff_t>(step) + 1,
                    [&](const std::string& line) { return called(line) == call; });
  return {"-e", "trace=" + call, "-e",
          "inject=" + call + ":signal=SIGKILL:when=" + std::to_string(times)};
}

/// The steps of a verb that goes well; the first is the program's own execve.
std::vector<std::string> steps_of(OciRuntime& oci, const std::vector<std::string>& verb) {
  const std::string trace = oci.folder() + "/trace";
  const CommandResult result =
      oci.under({"strace", "-qq", "-o", trace, "-e", "trace=" + kSteps}, verb);
  INFO(result.error_output);
  REQUIRE(result.status == 0);
  return kata::split_text(kata::read_file(trace));
}

void run_killed(OciRuntime& oci, const std::vector<std::string>& steps, std::size_t step,
                const std::vector<std::string>& verb) {
  std::vector<std::string> strace = {"strace", "-qq", "-o", "/dev/null"};
  for (std::string& word : kill_at(steps, step)) strace.push_back(std::move(word));
  CHECK(oci.under(std::move(strace), verb).status == 128 + SIGKILL);
}

/// At most `most` of the numbers from 1 below `end`, the last among them.
std::vector<std::size_t> some_of(std::size_t end, std::size_t most) {
  std::vector<std::size_t> chosen;
  const std::size_t stride = std::max<std::size_t>(1, (end - 1 + most - 1) / most);
  for (std::size_t i = end; i > stride; i -= stride) chosen.push_back(i - 1);
  return chosen;
}

/// Kills `verb` at each of the chosen steps, `before` and `after` around it.
void kill_at_each(OciRuntime& oci, const std::vector<std::string>& verb,
                  const std::vector<std::string>& steps, const std::vector<std::size_t>& chosen,
                  const std::function<void()>& before, const std::function<void()>& after) {
  for (const std::size_t step : chosen) {
    INFO(verb[0] << ", step " << step << " of " << steps.size() << ": " << steps[step]);
    before();
    run_killed(oci, steps, step, verb);
    after();
  }
}

std::vector<std::string> create(const OciRuntime& oci, const std::string& id) {
  return {"create", "--bundle", oci.bundle(), "--pid-file", oci.folder() + "/pid", id};
}

}  // namespace

TEST_CASE("create that is killed at any step leaves what delete --force removes", "[e2e]") {
  kata::test::require_program("strace");
  Docker docker;
  kata::test::require(docker.is_vm(), "kata-runtime", "runc's threads are not traced");
  OciRuntime oci(docker);
  oci.write_bundle({"sleep", "1000"});
  const auto before = host_state(docker);

  const std::vector<std::string> steps = steps_of(oci, create(oci, "kill-0"));
  REQUIRE(steps.size() > 10);
  REQUIRE(oci.ok({"delete", "--force", "kill-0"}));
  CHECK(left_behind(docker, before) == "");

  kill_at_each(
      oci, create(oci, "kill-1"), steps, some_of(steps.size(), steps.size()), [] {},
      [&] {
        CHECK(oci.ok({"delete", "--force", "kill-1"}));
        CHECK(oci.status_of("kill-1") == "none");
        CHECK(left_behind(docker, before) == "");
      });
  // The same id can be used again.
  REQUIRE(oci.ok(create(oci, "kill-1")));
  REQUIRE(oci.ok({"delete", "--force", "kill-1"}));
  CHECK(left_behind(docker, before) == "");
}

TEST_CASE("a sandbox's process that is killed during create leaves nothing", "[e2e]") {
  Docker docker;
  kata::test::require(docker.is_vm(), "kata-runtime", "runc has no sandbox");
  OciRuntime oci(docker);
  oci.write_bundle({"sleep", "1000"});
  const auto before = host_state(docker);
  for (const char* name : {"containerd-shim", "qemu", "virtiofsd"}) {
    for (const int milliseconds : {0, 300, 900}) {
      INFO(name << " killed " << milliseconds << " ms after it was there");
      std::future<CommandResult> creating =
          std::async(std::launch::async, [&] { return oci(create(oci, "kill-sandbox")); });
      std::vector<pid_t> pids;
      CHECK(eventually([&] { return !(pids = engine_processes(docker, name)).empty(); }));
      std::this_thread::sleep_for(std::chrono::milliseconds(milliseconds));
      for (const pid_t pid : engine_processes(docker, name)) ::kill(pid, SIGKILL);
      REQUIRE(creating.wait_for(std::chrono::seconds(60)) == std::future_status::ready);
      const CommandResult result = creating.get();
      // Late enough, and it had been created.
      if (result.status != 0) CHECK_FALSE(result.error_output.empty());
      CHECK(oci.ok({"delete", "--force", "kill-sandbox"}));
      CHECK(left_behind(docker, before) == "");
    }
  }
}

TEST_CASE(
    "start, exec, kill and delete that are killed at any step leave a container to go on with",
    "[e2e]") {
  kata::test::require_program("strace");
  Docker docker;
  kata::test::require(docker.is_vm(), "kata-runtime", "runc's threads are not traced");
  OciRuntime oci(docker);
  oci.write_bundle({"sleep", "1000"});
  const auto before = host_state(docker);
  const std::string id = "kill-verbs";
  const auto be_created = [&] {
    if (oci.status_of(id) == "none") REQUIRE(oci.ok(create(oci, id)));
  };
  const auto be_gone = [&] {
    CHECK(oci.ok({"delete", "--force", id}));
    CHECK(left_behind(docker, before) == "");
  };

  be_created();
  const std::vector<std::string> start = {"start", id};
  const std::vector<std::string> start_steps = steps_of(oci, start);

  // These leave it running.
  for (const std::vector<std::string>& verb :
       {std::vector<std::string>{"exec", "--detach", id, "true"}, {"kill", id, "URG"}}) {
    const std::vector<std::string> steps = steps_of(oci, verb);
    kill_at_each(
        oci, verb, steps, some_of(steps.size(), 12), [] {},
        [&] { CHECK(oci.status_of(id) == "running"); });
    CHECK(oci.ok({"exec", id, "true"}));
  }
  be_gone();

  kill_at_each(oci, start, start_steps, some_of(start_steps.size(), 6), be_created, [&] {
    const std::string status = oci.status_of(id);
    CHECK((status == "created" || status == "running"));
    if (status != "created") be_gone();
  });
  be_gone();

  be_created();
  const std::vector<std::string> remove = {"delete", id};
  const std::vector<std::string> remove_steps = steps_of(oci, remove);
  kill_at_each(oci, remove, remove_steps, some_of(remove_steps.size(), 6), be_created, be_gone);
}

TEST_CASE("a sandbox process that is killed at its own steps leaves what delete --force removes",
          "[e2e]") {
  kata::test::require_program("strace");
  Docker docker;
  kata::test::require(docker.is_vm(), "kata-runtime", "runc has no sandbox");
  OciRuntime oci(docker);
  oci.write_bundle({"sleep", "1000"});
  const auto before = host_state(docker);
  // The command line starts what lies beside it: a script under which the sandbox process is traced
  // and keeps its pid.
  const std::string programs = oci.folder() + "/programs";
  const std::string shim = kata::parent_path(oci.program()) + "/containerd-shim-kata-v2";
  const std::string trace = oci.folder() + "/trace";
  kata::make_directories(programs);
  kata::RealCommandRunner runner;
  kata::run_checked(runner, {.argv = {"cp", oci.program(), programs + "/kata-runtime"}});
  const auto trace_shim = [&](const std::vector<std::string>& options) {
    std::string script = "#!/bin/sh\nexec strace -D -qq -o " + trace;
    for (const std::string& option : options) script += " " + option;
    kata::write_file(programs + "/containerd-shim-kata-v2", script + " " + shim + " \"$@\"\n",
                     0755);
  };
  oci.use_program(programs + "/kata-runtime");
  trace_shim({"-e", "trace=" + kSteps});
  REQUIRE(oci.ok(create(oci, "kill-shim")));
  REQUIRE(oci.ok({"delete", "--force", "kill-shim"}));
  CHECK(left_behind(docker, before) == "");
  const std::vector<std::string> steps = kata::split_text(kata::read_file(trace));
  REQUIRE(steps.size() > 20);

  for (const std::size_t step : some_of(steps.size(), 12)) {
    INFO("step " << step << " of " << steps.size() << ": " << steps[step]);
    trace_shim(kill_at(steps, step));
    oci(create(oci, "kill-shim"));  // it may have come to its end before
    CHECK(oci.ok({"delete", "--force", "kill-shim"}));
    CHECK(oci.status_of("kill-shim") == "none");
    CHECK(left_behind(docker, before) == "");
  }
}
