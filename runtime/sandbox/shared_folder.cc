// SPDX-License-Identifier: Apache-2.0
#include "runtime/sandbox/shared_folder.h"

#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include <cerrno>
#include <utility>

#include "runtime/base/error.h"
#include "runtime/base/fd.h"
#include "runtime/base/io.h"
#include "runtime/base/path.h"
#include "runtime/base/remove_tree.h"
#include "runtime/base/scope_exit.h"
#include "runtime/base/sys_file.h"
#include "runtime/base/sys_mount.h"
#include "runtime/sandbox/shared_mount.h"

namespace kata::sandbox {
namespace {

// MOUNT_ATTR_* of linux/mount.h
constexpr std::uint64_t kAttributeReadOnly = 0x1;
constexpr std::uint64_t kAttributeNoDevices = 0x4;

/// The root of a user namespace in the guest must get through to its container's root; on the host
/// the folder above is nobody else's to enter.
constexpr unsigned kSearchable = 0711;

/// Makes the place that `like` is to be mounted on.
void make_mount_point(const std::string& path, const struct stat& like) {
  make_directories(parent_path(path), kSearchable);
  if (S_ISDIR(like.st_mode)) {
    make_directories(path, kSearchable);
  } else {
    const UniqueFd file = open_file(path, O_WRONLY | O_CREAT | O_NOFOLLOW, 0600);
  }
}

/// Sets a flag on a mount and on all below it: by its attribute, by its MS_* before Linux 5.12.
void add_flag_to_all(const std::string& path, std::uint64_t attribute, unsigned long flag) {
  try {
    sys::set_mount_attributes_recursively(path, attribute, 0);
  } catch (const Error& error) {
    if (error.err() != ENOSYS) throw;
    for (const std::string& point : sys::mounts_below(path)) {
      sys::mount("none", point, "", MS_BIND | MS_REMOUNT | flag | sys::mount_flags_at(point));
    }
  }
}

}  // namespace

SharedFolder::SharedFolder(const std::string& folder)
    : shared_(join_path(folder, "shared")),
      mounts_(join_path(folder, kMountsFolder)),
      staging_(join_path(folder, "staging")) {
  for (const std::string& path : {shared_, mounts_}) make_directories(path, kSearchable);
  sys::mount(mounts_, mounts_, "", MS_BIND);
  // First out of the group of the mount that it was bound from, then a group of its own.
  sys::mount("none", mounts_, "", MS_PRIVATE);
  sys::mount("none", mounts_, "", MS_SHARED);
  sys::mount(mounts_, shared_, "", MS_BIND);
  sys::mount("none", shared_, "", MS_SLAVE);
  sys::mount("none", shared_, "", MS_SHARED);
  // Else the guest could put a symbolic link where the host mounts next, anywhere on the host; see
  // CVE-2020-2026. What is mounted below keeps flags of its own.
  sys::mount("none", shared_, "",
             MS_BIND | MS_REMOUNT | MS_RDONLY | MS_NODEV | MS_NOSUID | MS_NOEXEC);
}

SharedFolder::~SharedFolder() {
  for (const std::string& path : {staging_, mounts_, shared_}) sys::unmount_all_below(path);
  for (const std::string& path : {staging_, mounts_, shared_}) {
    ignore_error([&] { remove_tree(path); }, "delete removes what is left");
  }
}

std::string SharedFolder::folder_of(const std::string& container_id) const {
  const auto removed = removals_.find(container_id);
  return removed == removals_.end()
             ? container_id
             : fmt::format("{}{}{}", container_id, kGeneration, removed->second);
}

std::string SharedFolder::add(const std::string& source, const std::string& container_id,
                              const std::string& name, Access access) {
  return in_context(
      [&] {
        // By descriptor from here on: a source may lie where another guest can change names.
        const UniqueFd opened = open_file(source, O_PATH);
        const struct stat status = sys::stat_of(opened.get());
        if (S_ISBLK(status.st_mode) || S_ISCHR(status.st_mode)) {
          throw_error(Code::unimplemented,
                      "{} is a device file of the host, which the guest does not have; mount the "
                      "file system that is on it, or use --device",
                      source);
        }
        return place(status, container_id, name, access, [&] {
          sys::mount(sys::fd_path(opened.get()), staging_, "", MS_BIND | MS_REC);
          // What the engine mounts below it later may come along; what we do does not go back.
          sys::mount("none", staging_, "", MS_SLAVE | MS_REC);
        });
      },
      "share {} with the guest", source);
}

std::string SharedFolder::add_overlay(const std::string& options, const std::string& container_id,
                                      const std::string& name) {
  return in_context(
      [&] {
        const struct stat folder = sys::stat_of(open_file(mounts_, O_PATH).get());
        return place(folder, container_id, name, Access::read_write, [&] {
          sys::mount("overlay", staging_, "overlay", 0, options);
          sys::mount("none", staging_, "", MS_PRIVATE);
        });
      },
      "share an overlay with the guest");
}

/// Binds what `stage` puts on the staging place, with its flags set.
std::string SharedFolder::place(const struct stat& like, const std::string& container_id,
                                const std::string& name, Access access,
                                const std::function<void()>& stage) {
  const std::string relative = folder_of(container_id) + "/" + name;
  const std::string target = join_path(mounts_, relative);
  make_mount_point(target, like);
  make_mount_point(staging_, like);
  const ScopeExit unstage([&] {
    sys::unmount_all_below(staging_);
    ignore_error([&] { remove_tree(staging_); }, "delete removes what is left");
  });
  // A flag that is set on a mount later does not reach the copies of it that are in the twin and in
  // virtiofsd's namespace by then.
  stage();
  // A guest may make device files in what it can write. A file server that can be talked into
  // opening one would open the host's device (QEMU's 9p did, see CVE-2023-2861); the kernel does
  // not let it.
  add_flag_to_all(staging_, kAttributeNoDevices, MS_NODEV);
  if (access == Access::recursively_read_only) {
    add_flag_to_all(staging_, kAttributeReadOnly, MS_RDONLY);
  } else if (access == Access::read_only) {
    sys::mount("none", staging_, "",
               MS_BIND | MS_REMOUNT | MS_RDONLY | sys::mount_flags_at(staging_));
  }
  sys::mount(staging_, target, "", MS_BIND | MS_REC);
  return join_path(kGuestShared, relative);
}

void SharedFolder::remove(const std::string& container_id) {
  const std::string folder = folder_of(container_id);
  for (const std::string& path : {mounts_, shared_}) {
    sys::unmount_all_below(join_path(path, folder));
  }
  remove_tree(join_path(mounts_, folder));
  ++removals_[container_id];
}

}  // namespace kata::sandbox
