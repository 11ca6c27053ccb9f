// SPDX-License-Identifier: Apache-2.0
#include "runtime/agent/container_init/rootfs.h"

#include <fcntl.h>
#include <sys/mount.h>

#include <string>
#include <vector>

#include "launch.pb.h"
#include "runtime/agent/container_init/mount_options.h"
#include "runtime/base/error.h"
#include "runtime/base/path.h"
#include "runtime/base/sys_file.h"
#include "runtime/base/sys_mount.h"
#include "runtime/base/sys_process.h"

namespace kata::agent {
namespace {

/// As switch_root(8): the container's root goes on top of "/", and what else the guest has mounted
/// is taken away in this namespace, through a descriptor of the covered root.
void move_over_root(int root, int old_root) {
  const std::string here = sys::current_directory().value_or("/");
  const std::vector<std::string> mounts = sys::mounts_below("/");
  sys::mount(".", "/", "", MS_MOVE);
  sys::change_root_here();
  sys::change_directory(old_root);
  for (const std::string& point : mounts) {
    if (point == "/" || is_below(point, here)) continue;  // below `here`: moved along
    ignore_error([&] { sys::unmount(point.substr(1), MNT_DETACH | UMOUNT_NOFOLLOW); },
                 "a mount below another that is detached already");
  }
  sys::change_directory(root);
}

}  // namespace

UniqueFd prepare_rootfs(const launch::Plan& plan) {
  const unsigned long wanted = propagation_from_name(plan.linux().rootfs_propagation());
  // Slave by default: mounts that the agent makes later under a shared folder still arrive; none go
  // back.
  const bool shared = (wanted & MS_SHARED) != 0;
  sys::mount("", "/", "", wanted != 0 && !shared ? wanted | MS_REC : MS_SLAVE | MS_REC);
  const std::string& path = plan.root().path();
  sys::mount(path, path, "", MS_BIND | MS_REC);
  // pivot_root(2) and MS_MOVE refuse shared mounts.
  sys::mount("", path, "", (wanted & MS_SLAVE) != 0 ? MS_SLAVE : MS_PRIVATE);
  return open_file(path, O_PATH | O_DIRECTORY);
}

void enter_rootfs(int root) {
  const UniqueFd old_root = open_file("/", O_PATH | O_DIRECTORY);
  sys::change_directory(root);
  if (!sys::pivot_root_here()) {
    move_over_root(root, old_root.get());
  } else {
    // The old root now lies over the new one at "."; see pivot_root(2), NOTES. Slave first, so that
    // taking it away here takes nothing away in the guest.
    sys::change_directory(old_root.get());
    sys::mount("", ".", "", MS_SLAVE | MS_REC);
    sys::unmount(".", MNT_DETACH);
  }
  sys::change_directory("/");
}

void finish_rootfs(const launch::Plan& plan) {
  if (const unsigned long propagation = propagation_from_name(plan.linux().rootfs_propagation())) {
    sys::mount("", "/", "", propagation);
  }
  if (plan.root().readonly()) {
    sys::mount("", "/", "", MS_BIND | MS_REMOUNT | MS_RDONLY | sys::mount_flags_at("/"));
  }
}

}  // namespace kata::agent
