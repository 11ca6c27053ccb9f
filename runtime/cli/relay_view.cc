// SPDX-License-Identifier: Apache-2.0
#include "runtime/cli/relay_view.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include <optional>

#include "runtime/base/error.h"
#include "runtime/base/path.h"
#include "runtime/base/path_in_root.h"
#include "runtime/base/switch_root.h"
#include "runtime/base/sys_file.h"
#include "runtime/base/sys_mount.h"
#include "runtime/base/sys_process.h"
#include "runtime/oci/mounts.h"
#include "runtime/sandbox/shared_mount.h"

namespace kata::cli {
namespace {

constexpr std::uint64_t kAttributeReadOnly = 0x1;  // MOUNT_ATTR_RDONLY, linux/mount.h
constexpr unsigned long kInert = MS_NOSUID | MS_NODEV | MS_NOEXEC;

void make_read_only(const std::string& path) {
  sys::mount("", path, "", MS_BIND | MS_REMOUNT | MS_RDONLY | sys::mount_flags_at(path));
}

/// The guest has something of its own there, which the host cannot show.
void cover(const std::string& target) { sys::mount("tmpfs", target, "tmpfs", kInert | MS_RDONLY); }

void show_processes(const std::string& target) {
  try {
    // Read-only: below /proc/sys are settings of the host's kernel.
    sys::mount("proc", target, "proc", kInert | MS_RDONLY);
  } catch (const Error& error) {
    // In a user namespace whose own /proc is covered in part; see mount_too_revealing() in the
    // kernel's fs/namespace.c.
    if (error.err() != EPERM) throw;
    cover(target);
  }
}

/// `source`: what the guest is shown there; empty when it is shown nothing.
void show_mount(int root, const grpc::Mount& mount, const std::string& source) {
  const std::string destination = clean_path(mount.destination());
  const UniqueFd target = resolve_in_root(root, destination, IfMissing::give_up);
  if (!target) return;
  const std::string path = sys::fd_path(target.get());
  if (destination == "/proc") return show_processes(path);
  if (!oci::shows_host_path(mount)) {
    if (S_ISDIR(sys::stat_of(target.get()).st_mode)) cover(path);
    return;
  }
  if (source.empty()) return;
  sys::mount(source, path, "", MS_BIND | MS_REC);
  if (!oci::is_read_only_bind(mount)) return;
  // Found once more: the descriptor above is of what lies below the new mount.
  const UniqueFd mounted = resolve_in_root(root, destination, IfMissing::fail);
  const std::string place = sys::fd_path(mounted.get());
  if (!oci::is_recursively_read_only(mount)) return make_read_only(place);
  sys::set_mount_attributes_recursively(place, kAttributeReadOnly, 0);
}

}  // namespace

void enter_relay_view(const oci::Bundle& bundle, const std::string& sandbox_dir,
                      const std::string& container_id) {
  sys::unshare(CLONE_NEWNS);
  // What the host unmounts goes here too, so that a relay keeps no file system busy.
  sys::mount("", "/", "", MS_SLAVE | MS_REC);
  sys::mount(bundle.rootfs, bundle.rootfs, "", MS_BIND | MS_REC);
  const UniqueFd root = open_file(bundle.rootfs, O_PATH | O_DIRECTORY);
  int index = 0;
  for (const grpc::Mount& mount : bundle.spec.mounts()) {
    // Not by its path again: whoever can write above it could have led it elsewhere meanwhile.
    const std::optional<std::string> source =
        sandbox::shared_mount(sandbox_dir, container_id, sandbox::volume_name(index++, mount));
    in_context([&] { show_mount(root.get(), mount, source.value_or("")); }, "show the mount on {}",
               mount.destination());
  }
  if (bundle.spec.root().readonly()) make_read_only(bundle.rootfs);
  switch_root(root.get());
}

}  // namespace kata::cli
