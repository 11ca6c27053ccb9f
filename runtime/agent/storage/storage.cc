// SPDX-License-Identifier: Apache-2.0
#include "runtime/agent/storage/storage.h"

#include <linux/limits.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>

#include "agent.pb.h"
#include "runtime/agent/storage/block_device.h"
#include "runtime/agent/storage/mount_options.h"
#include "runtime/base/error.h"
#include "runtime/base/fd.h"
#include "runtime/base/io.h"
#include "runtime/base/log.h"
#include "runtime/base/path.h"
#include "runtime/base/remove_tree.h"
#include "runtime/base/sys_mount.h"

namespace kata::agent {
namespace {

constexpr std::size_t kMaxStorages = 4096;

using Options = std::vector<std::string>;

Options options_of(const grpc::Storage& storage) {
  return {storage.options().begin(), storage.options().end()};
}

/// What a driver mounts where; `type` empty means: nothing to mount, the folder is all.
struct Plan {
  std::string source;
  std::string type;
  Options options;
  mode_t mode = 0755;
};

mode_t mode_option(Options& options, mode_t otherwise) {
  for (auto it = options.begin(); it != options.end(); ++it) {
    if (!it->starts_with("mode=")) continue;
    unsigned mode = 0;
    const std::string digits = it->substr(5);
    const auto [end, error] =
        std::from_chars(digits.data(), digits.data() + digits.size(), mode, 8);
    if (error != std::errc() || end != digits.data() + digits.size() || mode > 07777) {
      throw_error(Code::invalid_argument, "\"{}\" is no file mode", digits);
    }
    options.erase(it);
    return mode;
  }
  return otherwise;
}

Plan plan_for(const grpc::Storage& storage) {
  const std::string& driver = storage.driver();
  Plan plan{.source = storage.source(), .type = storage.fstype(), .options = options_of(storage)};
  if (driver == "virtio-fs") {
    plan.type = "virtiofs";
  } else if (driver == "9p") {
    plan.type = "9p";
    if (plan.options.empty())
      plan.options = {"trans=virtio", "version=9p2000.L", "cache=mmap", "msize=524288"};
  } else if (driver == "ephemeral") {
    if (plan.type.empty()) plan.type = "tmpfs";
  } else if (driver == "local") {
    plan.type.clear();
    plan.mode = mode_option(plan.options, 0755);
  } else if (driver == "bind") {
    plan.type = "bind";
    plan.options.emplace_back("bind");
  } else if (driver == "blk" || driver == "scsi" || driver == "nvdimm" || driver == "mmioblk") {
    plan.source = find_block_device(storage.source());
  } else {
    throw_error(Code::invalid_argument, "storage driver \"{}\" is not known", driver);
  }
  return plan;
}

/// A file for a bind mount of a file, a folder for everything else.
void make_mount_point(const std::string& path, const Plan& plan) {
  struct stat status {};
  if (plan.type == "bind" && ::stat(plan.source.c_str(), &status) == 0 &&
      !S_ISDIR(status.st_mode)) {
    make_directories(parent_path(path));
    if (!path_exists(path)) write_file(path, "");
    return;
  }
  make_directories(path, plan.mode);
}

void mount_plan(const Plan& plan, const std::string& target) {
  const MountOptions options = parse_mount_options(plan.options);
  const bool is_bind = (options.flags & MS_BIND) != 0;
  sys::mount(plan.source, target, is_bind ? "" : plan.type, options.flags, options.data);
  // A bind mount ignores every other flag at first; see mount(2), "Creating a bind mount".
  constexpr unsigned long kBind = MS_BIND | MS_REC;
  if (is_bind && (options.flags & ~kBind) != 0) {
    sys::mount("", target, "", options.flags | MS_REMOUNT | MS_BIND);
  }
}

void give_to_group(const std::string& path, const grpc::FSGroup& group) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) throw_errno(errno, "look at {}", path);
  if (group.group_change_policy() == types::OnRootMismatch && status.st_gid == group.group_id())
    return;
  const auto give = [&](const std::string& file) {
    struct stat entry {};
    if (::lstat(file.c_str(), &entry) != 0) throw_errno(errno, "look at {}", file);
    if (::lchown(file.c_str(), static_cast<uid_t>(-1), group.group_id()) != 0)
      throw_errno(errno, "chown {}", file);
    if (S_ISLNK(entry.st_mode)) return;
    const mode_t wanted = S_ISDIR(entry.st_mode) ? mode_t{02770} : mode_t{0660};
    if (::chmod(file.c_str(), (entry.st_mode & 07777) | wanted) != 0)
      throw_errno(errno, "chmod {}", file);
  };
  give(path);
  for (const auto& entry : std::filesystem::recursive_directory_iterator(path))
    give(entry.path().string());
}

}  // namespace

std::vector<std::string> storage_drivers() {
  return {"9p", "bind", "blk", "ephemeral", "local", "mmioblk", "nvdimm", "scsi", "virtio-fs"};
}

std::vector<StorageTable::Mounted>::iterator StorageTable::find(const std::string& mount_point) {
  return std::find_if(mounted_.begin(), mounted_.end(),
                      [&](const Mounted& entry) { return entry.mount_point == mount_point; });
}

std::string StorageTable::checked_mount_point(const grpc::Storage& storage) const {
  const std::string& wanted = storage.mount_point();
  if (wanted.size() > PATH_MAX - 1 || !wanted.starts_with('/') ||
      wanted.find('\0') != std::string::npos) {
    throw_error(Code::invalid_argument, "mount point \"{}\" is no absolute path",
                wanted.substr(0, 256));
  }
  std::string path = clean_path(wanted);
  if (path == root_ || !is_below(path, root_)) {
    throw_error(Code::invalid_argument, "mount point {} is not below {}", path, root_);
  }
  return path;
}

void StorageTable::add(const grpc::Storage& storage) {
  const std::string path = checked_mount_point(storage);
  if (const auto known = find(path); known != mounted_.end()) {
    ++known->users;
    return;
  }
  if (mounted_.size() >= kMaxStorages)
    throw_error(Code::resource_exhausted, "more than {} storages", kMaxStorages);
  in_context(
      [&] {
        const Plan plan = plan_for(storage);
        make_mount_point(path, plan);
        if (!plan.type.empty()) mount_plan(plan, path);
        if (plan.type.empty() && ::chmod(path.c_str(), plan.mode) != 0)
          throw_errno(errno, "chmod {}", path);
        try {
          if (storage.has_fs_group()) give_to_group(path, storage.fs_group());
        } catch (...) {
          if (!plan.type.empty()) ::umount2(path.c_str(), MNT_DETACH);
          throw;
        }
        mounted_.push_back({.mount_point = path, .is_mount = !plan.type.empty()});
      },
      "storage {} at {}", storage.driver(), path);
}

void StorageTable::release(const std::string& mount_point) {
  const auto known = find(clean_path(mount_point));
  if (known == mounted_.end() || --known->users > 0) return;
  const Mounted gone = *known;
  mounted_.erase(known);
  if (!gone.is_mount) {
    ignore_error([&] { remove_tree(gone.mount_point); }, "the machine ends with it");
    return;
  }
  ignore_error([&] { sys::unmount(gone.mount_point, MNT_DETACH); },
               "the container is gone already");
  ::rmdir(gone.mount_point.c_str());
}

void StorageTable::remount(const grpc::Storage& storage) {
  const std::string path = checked_mount_point(storage);
  const MountOptions options = parse_mount_options(options_of(storage));
  sys::mount("", path, "", options.flags | MS_REMOUNT, options.data);
}

void StorageTable::clear() {
  while (!mounted_.empty()) {
    const std::string path = mounted_.back().mount_point;
    mounted_.back().users = 1;
    release(path);
  }
}

}  // namespace kata::agent
