// SPDX-License-Identifier: Apache-2.0
#include "runtime/agent/container_init/rootfs.h"

#include <fcntl.h>
#include <sys/mount.h>

#include <string>

#include "launch.pb.h"
#include "runtime/agent/container_init/mount_options.h"
#include "runtime/base/sys_mount.h"

namespace kata::agent {
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

void finish_rootfs(const launch::Plan& plan) {
  if (const unsigned long propagation = propagation_from_name(plan.linux().rootfs_propagation())) {
    sys::mount("", "/", "", propagation);
  }
  if (plan.root().readonly()) {
    sys::mount("", "/", "", MS_BIND | MS_REMOUNT | MS_RDONLY | sys::mount_flags_at("/"));
  }
}

}  // namespace kata::agent
