// SPDX-License-Identifier: Apache-2.0
#include "machine.h"

#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>

#include "runtime/base/error.h"
#include "runtime/base/path.h"
#include "runtime/base/sys_process.h"
#include "tests/support/require.h"

namespace kata::test {

namespace fs = std::filesystem;

namespace {
void add_mount(grpc::Spec& spec, const char* type, const char* destination,
               std::vector<std::string> options) {
  grpc::Mount& mount = *spec.add_mounts();
  mount.set_type(type);
  mount.set_source(type);
  mount.set_destination(destination);
  for (const std::string& option : options) mount.add_options(option);
}
}  // namespace

Machine::Machine() : rootfs_(folder_.path() + "/rootfs") {
  require_root();
  require(path_exists("/bin/busybox"), "busybox", "no /bin/busybox (package busybox-static)");
  for (const char* folder : {"/bin", "/etc", "/proc", "/sys", "/dev", "/tmp", "/root"}) {
    fs::create_directories(rootfs_ + folder);
  }
  fs::permissions(folder_.path(), fs::perms(0755));
  ::chmod((rootfs_ + "/tmp").c_str(), 01777);
  fs::copy_file("/bin/busybox", rootfs_ + "/bin/busybox");
  for (const char* applet : {"sh",   "cat",  "ls",       "id",    "mount", "sleep", "echo",
                             "grep", "stat", "hostname", "ip",    "mknod", "touch", "readlink",
                             "tty",  "stty", "env",      "mkdir", "kill",  "ps",    "head"}) {
    fs::create_symlink("busybox", rootfs_ + "/bin/" + applet);
  }
  write_file(rootfs_ + "/etc/passwd",
             "root:x:0:0:root:/root:/bin/sh\napp:x:1000:1000::/home/app:/bin/sh\n");
  write_file(rootfs_ + "/etc/group", "root:x:0:\napp:x:1000:\nextra:x:2000:app\n");
}

grpc::Spec Machine::spec(const std::string& script) const {
  grpc::Spec spec;
  for (const char* arg : {"sh", "-c"}) spec.mutable_process()->add_args(arg);
  spec.mutable_process()->add_args(script);
  spec.mutable_process()->add_env("PATH=/bin");
  spec.mutable_process()->set_cwd("/");
  spec.mutable_root()->set_path(rootfs_);
  for (const char* type : {"pid", "network", "mount", "ipc", "uts", "cgroup"}) {
    spec.mutable_linux()->add_namespaces()->set_type(type);
  }
  spec.set_hostname("box");
  add_mount(spec, "proc", "/proc", {"nosuid", "noexec", "nodev"});
  add_mount(spec, "tmpfs", "/dev", {"nosuid", "strictatime", "mode=755", "size=65536k"});
  add_mount(spec, "devpts", "/dev/pts",
            {"nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", "gid=5"});
  add_mount(spec, "tmpfs", "/dev/shm", {"nosuid", "noexec", "nodev", "mode=1777", "size=1024k"});
  add_mount(spec, "mqueue", "/dev/mqueue", {"nosuid", "noexec", "nodev"});
  add_mount(spec, "sysfs", "/sys", {"nosuid", "noexec", "nodev", "ro"});
  add_mount(spec, "cgroup", "/sys/fs/cgroup", {"nosuid", "noexec", "nodev", "ro"});
  for (const char* path : {"/proc/uptime", "/proc/acpi", "/no/such"})
    spec.mutable_linux()->add_masked_paths(path);
  spec.mutable_linux()->add_readonly_paths("/proc/sys");
  return spec;
}

std::string Machine::cgroup_root() {
  return path_exists("/sys/fs/cgroup/cgroup.controllers") ? "/sys/fs/cgroup"
                                                          : "/sys/fs/cgroup/unified";
}

std::string Machine::cgroup_parent() { return fmt::format("kata-test-{}", ::getpid()); }

Machine::~Machine() { ::rmdir(join_path(cgroup_root(), cgroup_parent()).c_str()); }

bool Machine::has_controller(const std::string& name) {
  return read_file(cgroup_root() + "/cgroup.controllers").find(name) != std::string::npos;
}

std::unique_ptr<agent::Container> Machine::create(const grpc::Spec& spec) const {
  agent::ContainerOptions options;
  options.cgroup_root = cgroup_root();
  options.cgroup_parent = cgroup_parent();
  return agent::Container::create("c1", spec, options);
}

Outcome Machine::finish(agent::StartedProcess& process) {
  Outcome outcome;
  process.stdio.in.reset();
  outcome.out = read_all(process.stdio.out.get());
  outcome.err = read_all(process.stdio.err.get());
  outcome.status = sys::shell_status(sys::wait_for(process.pid));
  return outcome;
}

Outcome Machine::run(const grpc::Spec& spec) const {
  const std::unique_ptr<agent::Container> container = create(spec);
  container->start();
  Outcome outcome = finish(container->init());
  container->remove();
  return outcome;
}

}  // namespace kata::test
