// SPDX-License-Identifier: Apache-2.0
#include "runtime/agent/container_init/devices.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <cerrno>
#include <set>
#include <string>
#include <utility>

#include "launch.pb.h"
#include "runtime/agent/container_init/mounts.h"
#include "runtime/base/error.h"
#include "runtime/base/path.h"
#include "runtime/base/path_in_root.h"
#include "runtime/base/sys_file.h"

namespace kata::agent {
namespace {

struct Node {
  std::string path;
  unsigned mode = 0666;  // with the type
  dev_t device = 0;
  uid_t uid = 0;
  gid_t gid = 0;
};

Node node(const char* path, unsigned major, unsigned minor) {
  return {.path = path, .mode = S_IFCHR | 0666U, .device = makedev(major, minor)};
}

Node node(const grpc::LinuxDevice& device) {
  unsigned type = S_IFCHR;
  if (device.type() == "b") type = S_IFBLK;
  if (device.type() == "p") type = S_IFIFO;
  const unsigned mode = device.file_mode() == 0 ? 0666U : device.file_mode() & 07777U;
  return {.path = clean_path(device.path()),
          .mode = type | mode,
          .device =
              makedev(static_cast<unsigned>(device.major()), static_cast<unsigned>(device.minor())),
          .uid = device.uid(),
          .gid = device.gid()};
}

/// A file that is there in place of a device that config.json names; see OCI runtime-spec,
/// config-linux, "Devices".
void check_matches(const Node& wanted, int root) {
  const UniqueFd there = resolve_in_root(root, wanted.path, IfMissing::fail);
  const struct stat status = sys::stat_of(there.get());
  const bool same_type = (status.st_mode & S_IFMT) == (wanted.mode & S_IFMT);
  const bool numbered = !S_ISFIFO(status.st_mode);
  if (same_type && (!numbered || status.st_rdev == wanted.device)) return;
  throw_error(Code::already_exists, "{} is there and is not that device", wanted.path);
}

/// False when there is a file already.
bool make_node(const Node& wanted, int root) {
  const UniqueFd folder =
      resolve_in_root(root, parent_path(wanted.path), IfMissing::make_directory);
  const std::string name(base_name(wanted.path));
  try {
    if (!sys::make_node_at(folder.get(), name, wanted.mode, wanted.device)) return false;
    sys::change_owner_at(folder.get(), name, wanted.uid, wanted.gid);
  } catch (const Error& error) {
    if (error.err() != EPERM) throw;
    bind_file(wanted.path, root, wanted.path);
  }
  return true;
}

bool dev_is_a_bind(const launch::Plan& plan) {
  for (const grpc::Mount& mount : plan.mounts()) {
    if (mount.destination() != "/dev") continue;
    if (mount.type() == "bind") return true;
    for (const std::string& option : mount.options()) {
      if (option == "bind" || option == "rbind") return true;
    }
  }
  return false;
}

void make_links(int root) {
  const UniqueFd dev = resolve_in_root(root, "/dev", IfMissing::make_directory);
  constexpr std::pair<const char*, const char*> kLinks[] = {
      {"/proc/self/fd", "fd"},
      {"/proc/self/fd/0", "stdin"},
      {"/proc/self/fd/1", "stdout"},
      {"/proc/self/fd/2", "stderr"},
  };
  for (const auto& [target, name] : kLinks) sys::make_symlink_at(target, dev.get(), name);
  if (path_exists("/proc/kcore")) sys::make_symlink_at("/proc/kcore", dev.get(), "core");
  // The container's own devpts instance, whatever node the image brought.
  sys::remove_at(dev.get(), "ptmx");
  sys::make_symlink_at("pts/ptmx", dev.get(), "ptmx");
}

}  // namespace

void make_devices(const launch::Plan& plan, int root) {
  if (dev_is_a_bind(plan)) return;
  for (const grpc::LinuxDevice& device : plan.linux().devices()) {
    if (clean_path(device.path()) == "/dev/ptmx") continue;
    in_context(
        [&] {
          const Node wanted = node(device);
          if (!make_node(wanted, root)) check_matches(wanted, root);
        },
        "make device {}", device.path());
  }
  const Node defaults[] = {node("/dev/null", 1, 3),    node("/dev/zero", 1, 5),
                           node("/dev/full", 1, 7),    node("/dev/random", 1, 8),
                           node("/dev/urandom", 1, 9), node("/dev/tty", 5, 0)};
  for (const Node& wanted : defaults) {
    in_context([&] { make_node(wanted, root); }, "make device {}", wanted.path);
  }
  make_links(root);
}

}  // namespace kata::agent
