// SPDX-License-Identifier: Apache-2.0
//
// What a container sees from inside; every fact is read by its own shell.
#include <sys/stat.h>

#include <catch2/catch.hpp>
#include <filesystem>

#include "machine.h"
#include "runtime/base/error.h"
#include "runtime/base/sys_mount.h"
#include "tests/support/require.h"

using namespace kata;
using namespace kata::test;
namespace fs = std::filesystem;

TEST_CASE("a container runs as pid 1 under its own host name and root", "[container]") {
  const Machine machine;
  const Outcome result =
      machine.run(machine.spec("echo $$; hostname; ls /; echo oops >&2; exit 7"));
  CHECK(result.status == 7);
  CHECK(result.out == "1\nbox\nbin\ndev\netc\nproc\nroot\nsys\ntmp\n");
  CHECK(result.err == "oops\n");
  CHECK(sys::mounts_below(machine.rootfs()).empty());
}

TEST_CASE("nothing of the outside stays mounted in a container", "[container]") {
  const Machine machine;
  const Outcome result = machine.run(
      machine.spec("cat /proc/self/mountinfo | while read a b c d e f; do echo $e; done"));
  CHECK(result.status == 0);
  INFO(result.out << result.err);
  for (const char* point : {"/\n", "/proc\n", "/dev\n", "/dev/pts\n", "/dev/shm\n", "/dev/mqueue\n",
                            "/sys\n", "/sys/fs/cgroup\n", "/proc/uptime\n", "/proc/sys\n"}) {
    CHECK(("\n" + result.out).find(std::string("\n") + point) != std::string::npos);
  }
  CHECK(result.out.find("kata-") == std::string::npos);
}

TEST_CASE("devices, links, masked and read-only paths are as the specification says",
          "[container]") {
  const Machine machine;
  const Outcome result = machine.run(machine.spec(
      "cd /dev; for d in null zero full random urandom tty; do stat -c '%n %a %t:%T' $d; done;"
      "readlink fd; readlink stdout; readlink ptmx; echo x > /dev/null && echo written;"
      "grep -c . /proc/uptime; echo 1 > /proc/sys/vm/swappiness || echo refused;"
      "touch /sys/x 2>/dev/null || echo ro"));
  CHECK(result.out ==
        "null 666 1:3\nzero 666 1:5\nfull 666 1:7\nrandom 666 1:8\nurandom 666 1:9\ntty 666 5:0\n"
        "/proc/self/fd\n/proc/self/fd/1\npts/ptmx\nwritten\n0\nrefused\nro\n");
}

TEST_CASE("spec devices open, others do not", "[container]") {
  const Machine machine;
  grpc::Spec spec = machine.spec(
      "mknod /tmp/mem c 1 1; cat /tmp/mem | head -c 1; head -c 4 /dev/mine | stat -c %s - ; stat "
      "-c '%a %u %t:%T' /dev/mine");
  grpc::LinuxDevice& device = *spec.mutable_linux()->add_devices();
  device.set_path("/dev/mine");
  device.set_type("c");
  device.set_major(1);
  device.set_minor(5);
  device.set_file_mode(0600);
  device.set_uid(3);
  spec.mutable_linux()->mutable_resources()->add_devices()->set_access("rwm");
  auto& capabilities = *spec.mutable_process()->mutable_capabilities();
  for (auto* set : {capabilities.mutable_bounding(), capabilities.mutable_permitted(),
                    capabilities.mutable_effective()}) {
    *set->Add() = "CAP_MKNOD";
  }
  const Outcome result = machine.run(spec);
  INFO(result.out << result.err);
  CHECK(result.err.find("Operation not permitted") != std::string::npos);
  CHECK(result.out.find("600 3 1:5") != std::string::npos);
}

TEST_CASE("user, groups, home, umask, limits and capabilities are applied", "[container]") {
  const Machine machine;
  grpc::Spec spec = machine.spec(
      "id; echo $HOME; umask; ulimit -n; grep -E 'Cap|NoNew' /proc/self/status; pwd; cat "
      "/proc/self/oom_score_adj");
  grpc::Process& process = *spec.mutable_process();
  process.mutable_user()->set_uid(1000);
  process.mutable_user()->set_gid(1000);
  process.mutable_user()->add_additional_gids(2000);
  process.mutable_user()->set_umask(077);
  process.set_cwd("/made/here");
  process.set_no_new_privileges(true);
  process.set_oom_score_adj(500);
  grpc::POSIXRlimit& limit = *process.add_rlimits();
  limit.set_type("RLIMIT_NOFILE");
  limit.set_soft(99);
  limit.set_hard(100);
  grpc::LinuxCapabilities& capabilities = *process.mutable_capabilities();
  for (const char* name : {"CAP_CHOWN", "CAP_NET_RAW"}) capabilities.add_bounding(name);
  capabilities.add_permitted("CAP_CHOWN");
  capabilities.add_effective("CAP_CHOWN");
  capabilities.add_inheritable("CAP_CHOWN");
  capabilities.add_ambient("CAP_CHOWN");
  const Outcome result = machine.run(spec);
  CHECK(result.err.empty());
  CHECK(result.out ==
        "uid=1000(app) gid=1000(app) groups=2000(extra)\n/home/app\n0077\n99\n"
        "CapInh:\t0000000000000001\nCapPrm:\t0000000000000001\nCapEff:\t0000000000000001\n"
        "CapBnd:\t0000000000002001\nCapAmb:\t0000000000000001\nNoNewPrivs:\t1\n/made/here\n500\n");
}

TEST_CASE("binds of folders and files, copies up and read-only tmpfs work", "[container]") {
  const Machine machine;
  const TempDir host;
  write_file(host.path() + "/file", "from outside\n");
  grpc::Spec spec = machine.spec(
      "cat /a/b/file /single; touch /a/b/x && echo rw; touch /ro/x 2>/dev/null || echo ro; cat "
      "/etc/group | head -n 1;"
      "touch /etc/new && echo copied; touch /sealed/x 2>/dev/null || echo sealed; touch /x "
      "2>/dev/null || echo rootro");
  const auto bind = [&](const std::string& source, const char* destination,
                        std::vector<std::string> options) {
    grpc::Mount& mount = *spec.add_mounts();
    mount.set_type("bind");
    mount.set_source(source);
    mount.set_destination(destination);
    for (const std::string& option : options) mount.add_options(option);
  };
  bind(host.path(), "/a/b", {"rbind", "rprivate"});
  bind(host.path(), "/ro", {"bind", "ro", "nosuid"});
  bind(host.path() + "/file", "/single", {"bind"});
  for (const auto& [where, option] : {std::pair("/etc", "tmpcopyup"), std::pair("/sealed", "ro")}) {
    grpc::Mount& mount = *spec.add_mounts();
    mount.set_type("tmpfs");
    mount.set_destination(where);
    mount.add_options(option);
  }
  spec.mutable_root()->set_readonly(true);
  const Outcome result = machine.run(spec);
  CHECK(result.err.empty());
  CHECK(result.out == "from outside\nfrom outside\nrw\nro\nroot:x:0:\ncopied\nsealed\nrootro\n");
  CHECK_FALSE(fs::exists(machine.rootfs() + "/etc/new"));
}

TEST_CASE("a link in the image cannot send a mount outside", "[container]") {
  const Machine machine;
  const TempDir outside;
  fs::create_symlink(outside.path(), machine.rootfs() + "/trap");
  grpc::Spec spec = machine.spec("ls /trap/");
  grpc::Mount& mount = *spec.add_mounts();
  mount.set_type("tmpfs");
  mount.set_destination("/trap/deep");
  CHECK(machine.run(spec).out == "deep\n");
  CHECK(fs::is_empty(outside.path()));
}

TEST_CASE("a program that is not there is reported at create, in runc's words, and leaves nothing",
          "[container]") {
  const Machine machine;
  grpc::Spec spec = machine.spec("");
  spec.mutable_process()->set_args(0, "no-such");
  CHECK_THROWS_WITH(machine.create(spec), "exec: \"no-such\": executable file not found in $PATH");
  spec.mutable_process()->set_args(0, "/etc/passwd");
  CHECK_THROWS_WITH(machine.create(spec), "exec: \"/etc/passwd\": permission denied");
  write_file(machine.rootfs() + "/bin/text", "no program", 0755);
  spec.mutable_process()->set_args(0, "text");
  const auto container = machine.create(spec);
  CHECK_THROWS_WITH(container->start(), "exec /bin/text: exec format error");
  container->remove();
  CHECK(sys::mounts_below(machine.rootfs()).empty());
  CHECK_FALSE(path_exists(Machine::cgroup_root() + "/" + Machine::cgroup_parent() + "/c1"));
}

TEST_CASE("a seccomp filter holds with and without no_new_privs", "[container]") {
  const Machine machine;
  const bool no_new_privileges = GENERATE(true, false);
  grpc::Spec spec = machine.spec("mkdir /tmp/x; echo status $?");
  spec.mutable_process()->set_no_new_privileges(no_new_privileges);
  grpc::LinuxSeccomp& seccomp = *spec.mutable_linux()->mutable_seccomp();
  seccomp.set_default_action("SCMP_ACT_ALLOW");
  seccomp.add_architectures("SCMP_ARCH_X86_64");
  seccomp.add_architectures("SCMP_ARCH_X86");
  seccomp.add_architectures("SCMP_ARCH_X32");
  grpc::LinuxSyscall& rule = *seccomp.add_syscalls();
  rule.add_names("mkdir");
  rule.add_names("mkdirat");
  rule.add_names("call_of_the_future");
  rule.set_action("SCMP_ACT_ERRNO");
  rule.set_errnoret(28);  // ENOSPC
  const Outcome result = machine.run(spec);
  CHECK(result.out == "status 1\n");
  CHECK(result.err.find("No space left") != std::string::npos);
}

TEST_CASE("a user namespace maps ids and gets its devices by binds", "[container]") {
  const Machine machine;
  grpc::Spec spec = machine.spec("id -u; cat /proc/self/uid_map; echo x > /dev/null && echo ok");
  spec.mutable_linux()->add_namespaces()->set_type("user");
  for (auto* list : {spec.mutable_linux()->mutable_uid_mappings(),
                     spec.mutable_linux()->mutable_gid_mappings()}) {
    grpc::LinuxIDMapping& mapping = *list->Add();
    mapping.set_container_id(0);
    mapping.set_host_id(0);
    mapping.set_size(1000);
  }
  const Outcome result = machine.run(spec);
  INFO(result.err);
  CHECK(result.out.find("ok") != std::string::npos);
  CHECK(result.out.substr(0, 2) == "0\n");
}
