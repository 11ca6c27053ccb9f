// SPDX-License-Identifier: Apache-2.0
//
// SIGKILL at the steps of `create`: of the command line at the system calls by which it changes the
// host, and of each process of the sandbox at moments of its start. `delete --force` must leave the
// host as it was.
#include <signal.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <chrono>
#include <future>
#include <thread>

#include "runtime/base/text.h"
#include "tests/e2e/bundle.h"
#include "tests/support/docker.h"
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

  const std::string trace = oci.folder() + "/trace";
  REQUIRE(oci.under({"strace", "-qq", "-o", trace, "-e", "trace=" + kSteps}, create(oci, "kill-0"))
              .status == 0);
  REQUIRE(oci.ok({"delete", "--force", "kill-0"}));
  CHECK(left_behind(docker, before) == "");
  const std::vector<std::string> steps = kata::split_text(kata::read_file(trace));
  REQUIRE(steps.size() > 10);

  // The first is the program's own execve.
  for (std::size_t step = 1; step < steps.size(); ++step) {
    const std::string id = "kill-" + std::to_string(step);
    const std::string call = called(steps[step]);
    // strace counts each kind of call by itself.
    const auto times =
        std::count_if(steps.begin(), steps.begin() + static_cast<std::ptrdiff_t>(step) + 1,
                      [&](const std::string& line) { return called(line) == call; });
    INFO("step " << step << " of " << steps.size() << ": " << steps[step]);
    const CommandResult killed =
        oci.under({"strace", "-qq", "-o", "/dev/null", "-e", "trace=" + call, "-e",
                   "inject=" + call + ":signal=SIGKILL:when=" + std::to_string(times)},
                  create(oci, id));
    CHECK(killed.status == 128 + SIGKILL);
    CHECK(oci.ok({"delete", "--force", id}));
    CHECK(oci.status_of(id) == "none");
    CHECK(left_behind(docker, before) == "");
  }
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
