// SPDX-License-Identifier: Apache-2.0
//
// Options of docker's that no other file has: each case starts few containers and asks much of
// them.
#include <fcntl.h>
#include <linux/loop.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <catch2/catch.hpp>

#include "runtime/base/io.h"
#include "tests/support/docker.h"
#include "tests/support/eventually.h"
#include "tests/support/host_state.h"
#include "tests/support/require.h"

using Catch::Matchers::Contains;
using kata::CommandResult;
using kata::test::Docker;
using kata::test::eventually;

namespace {

/// A block device of the host over a file, as long as the object lives.
class LoopDevice {
 public:
  explicit LoopDevice(const std::string& file) {
    const kata::UniqueFd control = kata::open_file("/dev/loop-control", O_RDWR);
    const int number = ::ioctl(control.get(), LOOP_CTL_GET_FREE);
    REQUIRE(number >= 0);
    path_ = "/dev/loop" + std::to_string(number);
    device_ = kata::open_file(path_, O_RDWR);
    const kata::UniqueFd backing = kata::open_file(file, O_RDWR);
    REQUIRE(::ioctl(device_.get(), LOOP_SET_FD, backing.get()) == 0);
  }
  LoopDevice(const LoopDevice&) = delete;
  LoopDevice& operator=(const LoopDevice&) = delete;
  ~LoopDevice() { ::ioctl(device_.get(), LOOP_CLR_FD, 0); }

  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  std::string path_;
  kata::UniqueFd device_;
};

bool can_make_loop_devices() { return ::access("/dev/loop-control", R_OK | W_OK) == 0; }

}  // namespace

TEST_CASE("docker run's settings of one container hold inside", "[e2e]") {
  Docker docker;
  const CommandResult result = docker.run(
      {"--init",
       "--shm-size",
       "8m",
       "--ulimit",
       "nofile=100:200",
       "--ulimit",
       "core=0",
       "--sysctl",
       "net.core.somaxconn=77",
       "--sysctl",
       "kernel.msgmax=9000",
       "--cap-add",
       "SYS_TIME",
       "--cap-drop",
       "CHOWN",
       "--cpus",
       "1.5",
       "--cpu-shares",
       "512",
       "-m",
       "200m",
       "--pids-limit",
       "50",
       "--dns",
       "192.0.2.1",
       "--dns-search",
       "example.org",
       "--dns-option",
       "ndots:3",
       "--add-host",
       "db:192.0.2.9",
       "--hostname",
       "hh",
       "--domainname",
       "dd.example",
       "--oom-score-adj",
       "300",
       "--group-add",
       "50",
       "busybox",
       "sh",
       "-c",
       "tr '\\0' ' ' </proc/1/cmdline; echo; df -k /dev/shm | tail -1; ulimit -n; ulimit -Hn; "
       "ulimit -c; cat /proc/sys/net/core/somaxconn /proc/sys/kernel/msgmax; "
       "grep CapEff /proc/self/status; cat /etc/resolv.conf; grep db /etc/hosts; hostname -f; "
       "cat /proc/1/oom_score_adj; id -G; "
       "cat /sys/fs/cgroup/cpu.max 2>/dev/null || cat /sys/fs/cgroup/cpu/cpu.cfs_quota_us"});
  INFO(result.error_output);
  REQUIRE(result.status == 0);
  INFO(result.output);
  for (const char* text :
       {"docker-init -- sh -c", " 8192 ", "\n100\n200\n0\n77\n9000\n",
        "CapEff:\t00000000aa0425fa\n", "search example.org\n", "nameserver 192.0.2.1\n",
        "options ndots:3\n", "192.0.2.9\tdb\n", "hh.dd.example\n300\n0 50\n", "\n150000"}) {
    CHECK_THAT(result.output, Contains(text));
  }
}

TEST_CASE("limits that are about the host are set on the machine's cgroup", "[e2e]") {
  Docker docker;
  const std::string id = docker.start({"--cpuset-cpus", "0", "busybox", "sleep", "1000"});
  const auto cpus = [&] {
    std::string parent = docker.inspect(id, "{{.HostConfig.CgroupParent}}");
    if (parent.empty()) parent = "/" + docker.state().substr(docker.state().rfind('/') + 1);
    return kata::read_file_if_exists("/sys/fs/cgroup/cpuset" + parent + "/" + id + "/cpuset.cpus");
  };
  kata::test::require(cpus().has_value(), "cpuset", "the host has no cpuset hierarchy");
  CHECK(cpus() == "0\n");
  docker.checked({"update", "--cpuset-cpus", "0-1", "--pids-limit", "77", "--memory", "512m",
                  "--memory-swap", "600m", id});
  CHECK(cpus() == "0-1\n");
  CHECK_THAT(docker.checked({"exec", id, "sh", "-c",
                             "cat /sys/fs/cgroup/memory.max /sys/fs/cgroup/pids.max 2>/dev/null || "
                             "cat /sys/fs/cgroup/memory/memory.limit_in_bytes "
                             "/sys/fs/cgroup/pids/pids.max"}),
             Contains("536870912\n77"));
}

TEST_CASE("devices that every kernel has and disks of the host go in, others are refused",
          "[e2e]") {
  kata::test::require(can_make_loop_devices(), "loop", "needs loop devices");
  Docker docker;
  const kata::TempDir folder("/var/tmp");
  kata::write_file(folder.path() + "/disk", std::string(1 << 20, 'd'));
  const LoopDevice disk(folder.path() + "/disk");
  const CommandResult result = docker.run(
      {"--device", "/dev/fuse", "--device", disk.path() + ":/dev/xvda", "busybox", "sh", "-c",
       "ls /dev/fuse; head -c 4 /dev/xvda; echo; printf from-inside | dd of=/dev/xvda 2>/dev/null; "
       "sync"});
  INFO(result.error_output);
  CHECK(result.status == 0);
  CHECK(result.output == "/dev/fuse\ndddd\n");
  CHECK(kata::read_file(folder.path() + "/disk").starts_with("from-insided"));

  const CommandResult reading =
      docker.run({"--device", disk.path() + ":/dev/xvda:r", "busybox", "sh", "-c",
                  "head -c 11 /dev/xvda; echo no > /dev/xvda"});
  CHECK(reading.output == "from-inside");
  CHECK(reading.status != 0);

  if (!docker.is_vm() || !kata::path_exists("/dev/kvm")) return;
  const CommandResult refused = docker.run({"--device", "/dev/kvm", "busybox", "true"});
  CHECK(refused.status == 125);
  CHECK_THAT(refused.error_output, Contains("/dev/kvm") && Contains("no such device"));
}

TEST_CASE("a privileged container has the guest's devices and rights, none of the host's",
          "[e2e]") {
  Docker docker;
  kata::test::require(docker.is_vm(), "kata-runtime", "runc gives all of the host");
  const CommandResult result = docker.run(
      {"--privileged", "busybox", "sh", "-c",
       "grep CapEff /proc/self/status; ls /dev; mkdir /m; mount -t tmpfs none /m && echo mounted; "
       "echo 1 >/proc/sys/net/ipv4/ip_forward && echo forwards; head -c 1 /dev/kmsg | wc -c; "
       "ls -d /dev/loop0 /dev/sda /dev/vda /dev/kvm /dev/hvc0 /dev/vport0p1"});
  INFO(result.output);
  for (const char* text : {"3fffffffff\n", "\nfuse\n", "\nkmsg\n", "mounted\n", "forwards\n1\n"})
    CHECK_THAT(result.output, Contains(text));
  for (const char* text :
       {"\n/dev/loop0", "\n/dev/sda", "\n/dev/kvm", "\n/dev/hvc", "\n/dev/vport"})
    CHECK_THAT(result.output, !Contains(text));
}

TEST_CASE("diff, commit, export and cp see what a container has changed", "[e2e]") {
  Docker docker;
  const std::string id = docker.create(
      {"busybox", "sh", "-c", "echo changed > /etc/new; rm /etc/passwd; mkdir /data"});
  docker.checked({"start", "-a", id});
  CHECK_THAT(docker.checked({"diff", id}),
             Contains("A /data") && Contains("A /etc/new") && Contains("D /etc/passwd"));
  CHECK_THAT(docker.checked({"cp", id + ":/etc/new", "-"}), Contains("changed\n"));
  docker.checked({"commit", id, "kata-e2e-committed"});
  CHECK(docker.run({"kata-e2e-committed", "cat", "/etc/new"}).output == "changed\n");
  docker.checked({"rmi", "kata-e2e-committed"});
  const kata::TempDir folder("/var/tmp");
  docker.checked({"export", "-o", folder.path() + "/tar", id});
  kata::RealCommandRunner runner;
  const kata::CommandResult listed = kata::run_checked(
      runner, {.argv = {"tar", "-t", "-f", folder.path() + "/tar", "etc/new", "data"}});
  CHECK_THAT(listed.output, Contains("etc/new") && Contains("data"));
}

TEST_CASE("restart policies, health checks and log drivers are the engine's, and work", "[e2e]") {
  Docker docker;
  const std::string restarted = docker.start({"--restart", "on-failure:1", "--log-driver", "local",
                                              "busybox", "sh", "-c", "echo started; exit 3"});
  const std::string checked =
      docker.start({"--health-cmd", "test -e /ok", "--health-interval", "1s", "--health-timeout",
                    "30s", "--health-retries", "1", "--log-driver", "none", "busybox", "sh", "-c",
                    "until test -e /go; do sleep 0.2; done; touch /ok; sleep 1000"});
  const auto health = [&] { return docker.inspect(checked, "{{.State.Health.Status}}"); };
  const std::chrono::seconds patience{60};
  CHECK(eventually([&] { return health() == "unhealthy"; }, patience));
  docker.checked({"exec", checked, "touch", "/go"});
  CHECK(eventually([&] { return health() == "healthy"; }, patience));
  CHECK(docker({"logs", checked}).status != 0);
  CHECK(eventually(
      [&] {
        return docker.inspect(restarted,
                              "{{.State.Status}} {{.RestartCount}} {{.State.ExitCode}}") ==
               "exited 1 3";
      },
      patience));
  CHECK(docker.checked({"logs", restarted}) == "started\nstarted");
}

TEST_CASE("containers that share namespaces are in one machine, the host's are out of reach",
          "[e2e]") {
  Docker docker;
  const std::string first = docker.start({"--ipc", "shareable", "busybox", "sleep", "1000"});
  const std::string space = docker.checked({"exec", first, "readlink", "/proc/self/ns/ipc"});
  const std::string of_first = "container:" + first;
  const CommandResult joined =
      docker.run({"--ipc", of_first, "--network", of_first, "--pid", of_first, "busybox", "sh",
                  "-c", "readlink /proc/self/ns/ipc; tr '\\0' ' ' </proc/1/cmdline"});
  INFO(joined.error_output);
  CHECK(joined.output == space + "\nsleep 1000 ");
  if (!docker.is_vm()) return;
  const CommandResult alone = docker.run({"--ipc", of_first, "busybox", "true"});
  CHECK(alone.status == 125);
  CHECK_THAT(alone.error_output, Contains("--network=container:"));
  const CommandResult host =
      docker.run({"--ipc", "host", "--pid", "host", "--uts", "host", "busybox", "sh", "-c",
                  "tr '\\0' ' ' </proc/1/cmdline; ls /dev/shm"});
  INFO(host.error_output);
  CHECK(host.output == "/init ");
}

TEST_CASE("an application of several containers works as compose would set it up", "[e2e]") {
  Docker docker;
  const std::string network = docker.make_network("kata-e2e-app", {"--subnet", "10.254.77.0/24"});
  const std::string volume = docker.make_volume("kata-e2e-app-data");
  const auto service = [&](const std::string& name, std::vector<std::string> rest) {
    std::vector<std::string> options = {"--network",       network,
                                        "--network-alias", name,
                                        "--label",         "com.docker.compose.service=" + name};
    options.insert(options.end(), rest.begin(), rest.end());
    return docker.start(std::move(options));
  };
  const std::string store =
      service("store", {"--ip", "10.254.77.50", "--mac-address", "02:11:22:33:44:55", "-v",
                        volume + ":/srv", "busybox", "httpd", "-f", "-p", "80", "-h", "/srv"});
  service("writer", {"-v", volume + ":/data", "busybox", "sh", "-c",
                     "echo 'from the writer' > /data/page; sleep 1000"});
  const std::string front =
      service("front", {"-p", "18090:80", "-e", "STORE=http://store", "busybox", "sh", "-c",
                        "until wget -qO /srv/page $STORE/page; do sleep 0.2; done; "
                        "exec httpd -f -p 80 -h /srv"});
  CHECK(eventually(
      [] { return kata::test::http_get("127.0.0.1", 18090, "/page") == "from the writer\n"; },
      std::chrono::seconds(60)));
  CHECK_THAT(docker.checked({"exec", store, "ip", "addr", "show", "eth0"}),
             Contains("inet 10.254.77.50/24") && Contains("02:11:22:33:44:55"));
  docker.checked({"restart", "-t", "1", store});
  CHECK(eventually(
      [&] {
        return docker({"exec", front, "wget", "-qO-", "http://store/page"}).output ==
               "from the writer\n";
      },
      std::chrono::seconds(60)));
}
