// SPDX-License-Identifier: Apache-2.0
#include "runtime/sandbox/shared_folder.h"

#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include <cerrno>
#include <filesystem>
#include <utility>

#include "runtime/base/error.h"
#include "runtime/base/fd.h"
#include "runtime/base/io.h"
#include "runtime/base/path.h"
#include "runtime/base/sys_mount.h"

namespace kata::sandbox {
namespace {

/// Removes a tree that must hold nothing but mount points of ours by now; a mount that did not come
/// off keeps its folder.
void remove_tree(const std::string& path) {
  if (!sys::mounts_below(path).empty())
    throw_error(Code::failed_precondition, "{} still has mounts", path);
  std::error_code error;
  std::filesystem::remove_all(path, error);
  if (error) throw_error(Code::internal, "remove {}: {}", path, error.message());
}

}  // namespace

SharedFolder::SharedFolder(std::string path) : path_(std::move(path)) {
  make_directories(path_, 0700);
  sys::mount(path_, path_, "", MS_BIND);
  sys::mount("none", path_, "", MS_SHARED);
}

SharedFolder::~SharedFolder() {
  sys::unmount_all_below(path_);
  ignore_error([&] { remove_tree(path_); }, "delete removes what is left");
}

std::string SharedFolder::folder_of(const std::string& container_id) const {
  const auto removed = removals_.find(container_id);
  return removed == removals_.end() ? container_id
                                    : fmt::format("{}~{}", container_id, removed->second);
}

std::string SharedFolder::add(const std::string& source, const std::string& container_id,
                              const std::string& name, bool read_only) {
  struct stat status {};
  if (::stat(source.c_str(), &status) != 0) throw_errno(errno, "share {} with the guest", source);
  const std::string relative = folder_of(container_id) + "/" + name;
  const std::string target = join_path(path_, relative);
  make_directories(parent_path(target), 0700);
  if (S_ISDIR(status.st_mode)) {
    make_directories(target, 0700);
  } else {
    const UniqueFd file = open_file(target, O_WRONLY | O_CREAT, 0600);
  }
  sys::mount(source, target, "", MS_BIND | MS_REC);
  // Engines hand over private mounts; later changes of theirs must not travel into the guest
  // half-made.
  sys::mount("none", target, "", MS_SLAVE | MS_REC);
  sys::mount("none", target, "", MS_SHARED | MS_REC);
  if (read_only) sys::mount("none", target, "", MS_BIND | MS_REMOUNT | MS_RDONLY);
  return join_path(kGuestShared, relative);
}

void SharedFolder::remove(const std::string& container_id) {
  const std::string folder = join_path(path_, folder_of(container_id));
  sys::unmount_all_below(folder);
  remove_tree(folder);
  ++removals_[container_id];
}

}  // namespace kata::sandbox
