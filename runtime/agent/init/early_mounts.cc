// SPDX-License-Identifier: Apache-2.0
#include "runtime/agent/init/early_mounts.h"

#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string>

#include "runtime/base/error.h"
#include "runtime/base/fd.h"
#include "runtime/base/io.h"
#include "runtime/base/log.h"
#include "runtime/base/sys_mount.h"

namespace kata::agent {
namespace {

struct EarlyMount {
  const char* type;
  const char* target;
  unsigned long flags;
  const char* data;
};

constexpr unsigned long kNoAll = MS_NOSUID | MS_NODEV | MS_NOEXEC;

constexpr EarlyMount kFirst[] = {
    {"proc", "/proc", kNoAll, ""},
    {"sysfs", "/sys", kNoAll, ""},
    {"devtmpfs", "/dev", MS_NOSUID, "mode=0755"},
};

constexpr EarlyMount kRest[] = {
    {"tmpfs", "/run", MS_NOSUID | MS_NODEV, "mode=0755"},
    {"tmpfs", "/tmp", MS_NOSUID | MS_NODEV, "mode=1777"},
    {"devpts", "/dev/pts", MS_NOSUID | MS_NOEXEC, "mode=0620,ptmxmode=0666,gid=5"},
    {"tmpfs", "/dev/shm", kNoAll, "mode=1777"},
    {"mqueue", "/dev/mqueue", kNoAll, ""},
    {"cgroup2", "/sys/fs/cgroup", kNoAll, "nsdelegate"},
};

/// An initrd or an image may have mounted some of it, or have been started with it (EBUSY); a
/// kernel may lack one kind of file system (ENODEV), which its user will hear about.
void mount_one(const EarlyMount& entry) {
  const bool is_missing = ::mkdir(entry.target, 0755) != 0 && errno == EROFS;
  if (::mount(entry.type, entry.target, entry.type, entry.flags, entry.data) == 0) return;
  const int err = errno;
  if (err == EBUSY) return;
  if (err == ENODEV) {
    log::warn("file system not in this kernel type={} target={}", entry.type, entry.target);
    return;
  }
  if (is_missing && err == ENOENT) {
    throw_error(Code::failed_precondition,
                "mount {} on {}: the image has no such folder, and its root file system is "
                "read-only; build the image with it",
                entry.type, entry.target);
  }
  throw_errno(err, "mount {} on {}", entry.type, entry.target);
}

void raise_loopback() {
  const UniqueFd socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  ifreq request{};
  std::memcpy(request.ifr_name, "lo", 3);
  request.ifr_flags = IFF_UP | IFF_RUNNING | IFF_LOOPBACK;
  if (!socket || ::ioctl(socket.get(), SIOCSIFFLAGS, &request) != 0) {
    log::warn("loopback not up error=\"{}\"", errno_text(errno));
  }
}

}  // namespace

void mount_first() {
  for (const EarlyMount& entry : kFirst) mount_one(entry);
}

void mount_rest() {
  for (const EarlyMount& entry : kRest) mount_one(entry);
  // See the OCI runtime-spec, "Dev symbolic links"; an image's devtmpfs has them from udev.
  for (const auto& [target, link] : {std::pair{"/proc/self/fd", "/dev/fd"},
                                     {"/proc/self/fd/0", "/dev/stdin"},
                                     {"/proc/self/fd/1", "/dev/stdout"},
                                     {"/proc/self/fd/2", "/dev/stderr"}}) {
    [[maybe_unused]] const int result = ::symlink(target, link);
  }
  raise_loopback();
  enable_controllers();
}

void let_guest_sleep() {
  ignore_error([] { write_kernel_file("/proc/sys/vm/compaction_proactiveness", "0"); },
               "a kernel without compaction");
}

std::string find_cgroup_root() {
  const std::string usual = "/sys/fs/cgroup";
  if (path_exists(usual + "/cgroup.controllers")) return usual;
  const std::string own = "/run/kata-containers/cgroup";
  if (path_exists(own + "/cgroup.controllers")) return own;
  make_directories(own);
  sys::mount("cgroup2", own, "cgroup2", kNoAll);
  return own;
}

void enable_controllers() {
  const std::string available =
      read_file_if_exists("/sys/fs/cgroup/cgroup.controllers").value_or("");
  std::string wanted;
  std::size_t begin = 0;
  while (begin < available.size()) {
    const std::size_t end = available.find_first_of(" \n", begin);
    if (end != begin)
      wanted += (wanted.empty() ? "+" : " +") + available.substr(begin, end - begin);
    if (end == std::string::npos) break;
    begin = end + 1;
  }
  if (wanted.empty()) return;
  try {
    write_kernel_file("/sys/fs/cgroup/cgroup.subtree_control", wanted);
  } catch (const Error& error) {
    log::warn("cgroup controllers not enabled error=\"{}\"", error.what());
  }
}

}  // namespace kata::agent
