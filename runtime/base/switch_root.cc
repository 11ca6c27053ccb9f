// SPDX-License-Identifier: Apache-2.0
#include "runtime/base/switch_root.h"

#include <fcntl.h>
#include <sys/mount.h>

#include <string>
#include <vector>

#include "runtime/base/error.h"
#include "runtime/base/fd.h"
#include "runtime/base/path.h"
#include "runtime/base/sys_mount.h"
#include "runtime/base/sys_process.h"

namespace kata {
namespace {

/// As switch_root(8): the new root goes on top of "/", and what else is mounted is taken away in
/// this namespace, through a descriptor of the covered root.
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

void switch_root(int root) {
  const UniqueFd old_root = open_file("/", O_PATH | O_DIRECTORY);
  sys::change_directory(root);
  if (!sys::pivot_root_here()) {
    move_over_root(root, old_root.get());
  } else {
    // The old root now lies over the new one at "."; see pivot_root(2), NOTES. Slave first, so that
    // taking it away here takes nothing away elsewhere.
    sys::change_directory(old_root.get());
    sys::mount("", ".", "", MS_SLAVE | MS_REC);
    sys::unmount(".", MNT_DETACH);
  }
  sys::change_directory("/");
}

}  // namespace kata
