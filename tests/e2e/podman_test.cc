// SPDX-License-Identifier: Apache-2.0
//
// Podman and its conmon: one container. Several questions to each, since each starts a machine.
#include <catch2/catch.hpp>
#include <chrono>
#include <sstream>

#include "runtime/base/io.h"
#include "runtime/base/path.h"
#include "tests/support/docker.h"
#include "tests/support/eventually.h"
#include "tests/support/host_state.h"
#include "tests/support/podman.h"
#include "tests/support/pty_process.h"
#include "tests/support/require.h"

using Catch::Contains;
using kata::CommandResult;
using kata::test::eventually;
using kata::test::host_state;
using kata::test::http_get;
using kata::test::left_behind;
using kata::test::Podman;
using kata::test::PtyProcess;

namespace {

constexpr const char* kImage = "localhost/busybox";

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

}  // namespace

TEST_CASE("podman exec, logs, top, stats and pause know the container", "[e2e]") {
  Podman podman;
  const std::string id = podman.start({"--hostname", "hive", kImage, "sh", "-c",
                                       "echo out; echo err >&2; i=0; while :; do i=$((i+1)); "
                                       "echo $i > /tmp/count; sleep 0.1; done"});
  CHECK(podman.checked({"exec", id, "hostname"}) == "hive");
  CHECK(podman({"exec", id, "sh", "-c", "exit 23"}).status == 23);
  CHECK(podman({"exec", id, "/no/such/program"}).status == 127);
  CHECK(podman({"exec", id, "/etc/passwd"}).status == 126);
  const CommandResult both = podman({"exec", id, "sh", "-c", "echo o; echo e >&2"});
  CHECK(both.output == "o\n");
  CHECK(both.error_output == "e\n");
  CHECK(podman({"exec", "-i", id, "cat"}, "fed\n").output == "fed\n");
  const std::string told = podman.checked(
      {"exec", "-u", "1000:50", "-w", "/srv", "-e", "BEE=1", id, "probe", "ids", "environment"});
  CHECK_THAT(told, Contains("uid=1000\ngid=50\n") && Contains("cwd=/srv") && Contains("env.BEE=1"));
  const CommandResult logs = podman({"logs", id});
  CHECK(logs.output == "out\n");
  CHECK(logs.error_output == "err\n");

  // Podman enters the namespaces of the pid that it was given: they must not be the host's.
  const std::vector<std::string> top = lines_of(podman.checked({"top", id}));
  REQUIRE(top.size() == (podman.is_vm() ? 2 : 3));
  CHECK_THAT(top[1], Contains("sh -c echo out"));
  // An option of ps(1) makes Podman ask inside.
  CHECK_THAT(podman.checked({"top", id, "-o", "pid,args"}), Contains("sleep 0.1"));
  const CommandResult stats =
      podman({"stats", "--no-stream", "--format", "{{.MemUsage}};{{.PIDs}}", id});
  CHECK(stats.status == 0);
  CHECK_THAT(stats.output, !Catch::StartsWith("0B") && Contains("B / "));

  const auto count = [&] {
    return kata::read_file(podman.inspect(id, "{{.GraphDriver.Data.MergedDir}}") + "/tmp/count");
  };
  podman.checked({"pause", id});
  CHECK(podman.inspect(id, "{{.State.Status}}") == "paused");
  eventually([] { return false; }, std::chrono::milliseconds(300));
  const std::string stopped = count();
  eventually([] { return false; }, std::chrono::milliseconds(500));
  CHECK(count() == stopped);
  podman.checked({"unpause", id});
  CHECK(eventually([&] { return count() != stopped; }));
}

TEST_CASE("podman cp reaches the container's files and never the host's", "[e2e]") {
  Podman podman;
  const kata::TempDir folder("/var/tmp");
  kata::write_file(folder.path() + "/in", "payload\n");
  kata::make_directories(folder.path() + "/volume");
  const std::string name = "cp-" + std::string(kata::base_name(folder.path()));
  const std::string id =
      podman.start({"-v", folder.path() + "/volume:/v", "-v", folder.path() + "/volume:/ro:ro",
                    "--tmpfs", "/t", kImage, "sleep", "1000"});
  podman.checked({"cp", folder.path() + "/in", id + ":/srv/" + name});
  CHECK_FALSE(kata::path_exists("/srv/" + name));
  CHECK(podman.checked({"exec", id, "cat", "/srv/" + name}) == "payload");
  podman.checked({"exec", id, "sh", "-c", "echo made inside > /srv/out"});
  podman.checked({"cp", id + ":/srv/out", folder.path() + "/out"});
  CHECK(kata::read_file(folder.path() + "/out") == "made inside\n");
  podman.checked({"cp", folder.path() + "/in", id + ":/v/in"});
  CHECK(podman.checked({"exec", id, "cat", "/v/in"}) == "payload");
  CHECK(podman({"cp", folder.path() + "/in", id + ":/ro/again"}).status != 0);
  if (podman.is_vm()) {
    // A tmpfs is in the guest's memory: refused, not lost.
    const CommandResult refused = podman({"cp", folder.path() + "/in", id + ":/t/in"});
    CHECK(refused.status != 0);
    CHECK_THAT(refused.error_output, Contains("read-only file system"));
  }
  podman.checked({"stop", "-t", "0", id});
  podman.checked({"cp", folder.path() + "/in", id + ":/srv/stopped"});
  podman.checked({"cp", id + ":/srv/stopped", folder.path() + "/stopped"});
  CHECK(kata::read_file(folder.path() + "/stopped") == "payload\n");
}

TEST_CASE("what podman run asks for holds inside", "[e2e]") {
  Podman podman;
  const kata::TempDir folder("/var/tmp");
  kata::write_file(folder.path() + "/f", "from the host\n");
  podman({"secret", "rm", "s1"});
  podman.checked({"secret", "create", "s1", "-"}, "sesame");
  const std::string parent = "/" + std::string(kata::base_name(podman.state())) + "/mine";
  const std::string id =
      podman.start({"--init",
                    "--ulimit",
                    "nofile=900:900",
                    "--ulimit",
                    "nproc=1024:4096",
                    "--sysctl",
                    "kernel.msgmax=4096",
                    "-v",
                    folder.path() + ":/v:ro",
                    "--mount",
                    "type=tmpfs,destination=/t,tmpfs-size=1m",
                    "--mount",
                    "type=bind,source=" + folder.path() + ",destination=/m",
                    "--secret",
                    "s1",
                    "--device",
                    "/dev/null:/dev/mine",
                    "--cgroup-parent",
                    parent,
                    "--security-opt",
                    "no-new-privileges",
                    "--security-opt",
                    "seccomp=unconfined",
                    "--memory",
                    "200m",
                    "--pids-limit",
                    "77",
                    "--health-cmd",
                    "test -e /v/f",
                    "--health-interval",
                    "disable",
                    "-p",
                    "127.0.0.1:18077:80",
                    kImage,
                    "sh",
                    "-c",
                    "echo served > /tmp/index.html; httpd -p 80 -h /tmp; "
                    "trap 'echo got term; exit 7' TERM; echo ready; while :; do sleep 0.1; done"});
  const std::string facts = podman.checked(
      {"exec", id, "sh", "-c",
       "tr '\\0' ' ' < /proc/1/cmdline; echo; ulimit -n; cat /proc/sys/kernel/msgmax; cat /v/f; "
       "touch /v/x 2>&1; touch /m/written; df -k /t | tail -1; cat /run/secrets/s1; echo; "
       "stat -c %F /dev/mine; grep -E 'NoNewPrivs|Seccomp:' /proc/self/status; "
       "cat /sys/fs/cgroup/memory.max /sys/fs/cgroup/memory/memory.limit_in_bytes "
       "/sys/fs/cgroup/pids.max /sys/fs/cgroup/pids/pids.max 2>/dev/null; true"});
  INFO(facts);
  CHECK_THAT(facts, Catch::StartsWith("/run/podman-init -- sh -c") && Contains("\n900\n4096\n"));
  CHECK_THAT(facts, Contains("from the host\n") && Contains("/v/x: Read-only file system"));
  CHECK_THAT(facts, Contains("1024") && Contains("sesame\ncharacter special file\n"));
  CHECK_THAT(facts, Contains("NoNewPrivs:\t1\n") && Contains("Seccomp:\t0\n"));
  CHECK_THAT(facts, Contains("209715200\n77"));
  CHECK(kata::path_exists(folder.path() + "/written"));
  CHECK(podman({"healthcheck", "run", id}).status == 0);
  CHECK(podman.inspect(id, "{{.HostConfig.CgroupParent}}") == parent);
  CHECK(eventually([&] { return http_get("127.0.0.1", 18077, "/") == "served\n"; }));
  CHECK_THAT(podman.checked({"generate", "systemd", id}), Contains("ExecStart="));
  REQUIRE(podman.wait_for_log(id, "ready"));
  podman.checked({"kill", "-s", "TERM", id});
  CHECK(podman.checked({"wait", id}) == "7");
  CHECK_THAT(podman.checked({"logs", id}), Contains("got term"));

  podman.checked({"commit", "-q", id, "localhost/committed"});
  CHECK(podman.run({"localhost/committed", "cat", "/tmp/index.html"}).output == "served\n");
  podman.checked({"rmi", "-f", "localhost/committed"});
}

TEST_CASE("a user namespace maps the container's ids and keeps its files", "[e2e]") {
  Podman podman;
  const CommandResult result =
      podman.run({"--uidmap", "0:100000:5000", "--gidmap", "0:200000:5000", "--cap-drop", "all",
                  "--tmpfs", "/scratch/inner", kImage, "sh", "-c",
                  "cat /proc/self/uid_map /proc/self/gid_map; id -u; stat -c '%u %g' /bin /proc/1; "
                  "echo x > /tmp/f && stat -c '%u %g' /tmp/f; ls -d /sys/class/net/lo; "
                  "stat -c '%u %a' /scratch /scratch/inner"});
  INFO(result.error_output);
  REQUIRE(result.status == 0);
  std::istringstream words(result.output);
  std::string facts;
  for (std::string word; words >> word;) facts += word + " ";
  CHECK(facts == "0 100000 5000 0 200000 5000 0 0 0 0 0 0 0 /sys/class/net/lo 0 755 0 1777 ");
}

TEST_CASE("podman attach reaches a container's terminal", "[e2e]") {
  Podman podman;
  const std::string id = podman.start({"-it", kImage, "sh"});
  PtyProcess terminal(podman.command({"attach", id}).argv, 31, 97);
  // The prompt was written before anybody was there to read it.
  terminal.type("tty; stty size; echo 'attached'1\n");
  const std::string first = terminal.read_until("attached1\r\n");
  CHECK_THAT(first, Contains("/dev/pts/0") && Contains("31 97"));
  terminal.type("exit 9\n");
  terminal.wait();
  CHECK(podman.checked({"wait", id}) == "9");
}

TEST_CASE("podman run ends as its program does and leaves nothing behind", "[e2e]") {
  Podman podman;
  const auto before = host_state(podman);
  const CommandResult kernel =
      podman.run({"-i", kImage, "sh", "-c", "uname -r; cat; exit 5"}, "fed");
  CHECK(kernel.status == 5);
  CHECK_THAT(kernel.output, Catch::EndsWith("fed"));
  if (podman.is_vm()) CHECK_THAT(kernel.output, Contains(".container\n"));
  CHECK(podman.run({kImage, "/no/such/program"}).status == 127);
  CHECK(podman
            .run({"--network=none", "--pid=host", "--ipc=host", "--uts=host", kImage, "ls",
                  "/sys/class/net"})
            .output == "lo\n");
  if (podman.is_vm()) {
    const CommandResult refused = podman.run({"--network=host", kImage, "true"});
    CHECK(refused.status == 126);
    CHECK_THAT(refused.error_output, Contains("host") && Contains("network"));
  }
  CHECK(left_behind(podman, before) == "");
}

TEST_CASE("a volume over which the container has a layer of its own", "[e2e]") {
  Podman podman;
  const kata::TempDir volume;
  kata::write_file(volume.path() + "/given", "given");
  const CommandResult result = podman.run(
      {"-v", volume.path() + ":/over:O", "--mount",
       std::string("type=image,source=") + kImage + ",destination=/image", kImage, "sh", "-c",
       "cat /over/given; echo changed > /over/given; echo new > /over/new; cat /over/given "
       "/over/new; test -x /image/bin/busybox && echo image"});
  INFO(result.error_output);
  CHECK(result.output == "givenchanged\nnew\nimage\n");
  CHECK(kata::read_file(volume.path() + "/given") == "given");
  CHECK_FALSE(kata::path_exists(volume.path() + "/new"));
}

TEST_CASE("podman network reload gives a running container its interfaces again", "[e2e]") {
  Podman podman;
  const std::string id = podman.start({kImage, "sleep", "1000"});
  const std::string gateway = podman.inspect(id, "{{.NetworkSettings.Gateway}}");
  const auto address = [&] {
    return podman({"exec", id, "cat", "/sys/class/net/eth0/address"}).output;
  };
  const std::string first = address();
  podman.checked({"network", "reload", id});
  // Through the interface that is gone nobody answers.
  CHECK(eventually(
      [&] {
        return podman({"exec", id, "ping", "-c", "1", "-W", "2", gateway}).status == 0;
      },
      std::chrono::seconds(20)));
  CHECK(address() == first);
}

TEST_CASE("a container that is made for systemd starts", "[e2e]") {
  Podman podman;
  CHECK(podman.run({"--systemd=always", kImage, "echo", "ok"}).output == "ok\n");
}
