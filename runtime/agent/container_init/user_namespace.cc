// SPDX-License-Identifier: Apache-2.0
#include "runtime/agent/container_init/user_namespace.h"

#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include <algorithm>
#include <filesystem>
#include <string>
#include <vector>

#include "launch.pb.h"
#include "runtime/agent/container_init/mount_options.h"
#include "runtime/base/error.h"
#include "runtime/base/log.h"
#include "runtime/base/path.h"
#include "runtime/base/path_in_root.h"
#include "runtime/base/sys_file.h"
#include "runtime/base/sys_mount.h"

namespace kata::agent {
namespace {

struct Owner {
  uid_t uid = 0;
  gid_t gid = 0;
};

template <typename Mappings>
std::uint32_t root_of(const Mappings& mappings) {
  for (const grpc::LinuxIDMapping& mapping : mappings) {
    if (mapping.container_id() == 0 && mapping.size() > 0) return mapping.host_id();
  }
  return 0;
}

bool has_new(const launch::Plan& plan, std::string_view type) {
  return std::any_of(plan.linux().namespaces().begin(), plan.linux().namespaces().end(),
                     [&](const grpc::LinuxNamespace& space) {
                       return space.type() == type && space.path().empty();
                     });
}

MountOptions options_of(const grpc::Mount& mount) {
  const auto& list = mount.options();
  return parse_mount_options(std::vector<std::string>(list.begin(), list.end()));
}

bool is_bound_file(const grpc::Mount& mount) {
  struct stat status {};
  const bool is_bind = mount.type() == "bind" || (options_of(mount).flags & MS_BIND) != 0;
  return is_bind && ::stat(mount.source().c_str(), &status) == 0 && !S_ISDIR(status.st_mode);
}

enum class Point { folder, file, tmpfs };

Point kind_of(const grpc::Mount& mount) {
  if (mount.type() == "tmpfs") return Point::tmpfs;
  return is_bound_file(mount) ? Point::file : Point::folder;
}

/// Each part of the path that is missing, owned by the container's root.
void make_for(const Owner& owner, int root, const std::string& path, Point kind) {
  for (std::size_t end = path.find('/', 1);; end = path.find('/', end + 1)) {
    const std::string part = path.substr(0, end);
    const bool is_last = end == std::string::npos;
    if (!resolve_in_root(root, part, IfMissing::give_up)) {
      const bool is_file = is_last && kind == Point::file;
      const UniqueFd made =
          resolve_in_root(root, part, is_file ? IfMissing::make_file : IfMissing::make_directory);
      // A tmpfs takes the mode of the folder that it covers, and 1777 where there was none.
      if (is_last && kind == Point::tmpfs)
        std::filesystem::permissions(sys::fd_path(made.get()), std::filesystem::perms{01777});
      const UniqueFd folder = resolve_in_root(root, parent_path(part), IfMissing::fail);
      sys::change_owner_at(folder.get(), std::string(base_name(part)), owner.uid, owner.gid);
    }
    if (is_last) return;
  }
}

void make_mount_points(const launch::Plan& plan) {
  const Owner owner{root_of(plan.linux().uid_mappings()), root_of(plan.linux().gid_mappings())};
  const UniqueFd root = open_file(plan.root().path(), O_PATH | O_DIRECTORY);
  std::vector<std::string> made;
  const auto make = [&](const std::string& path, Point kind) {
    // What lies below a mount is not in the root file system.
    const bool is_covered = std::any_of(
        made.begin(), made.end(), [&](const std::string& above) { return is_below(path, above); });
    if (path != "/" && !is_covered)
      ignore_error([&] { make_for(owner, root.get(), path, kind); },
                   "the mount itself tells what is wrong");
  };
  for (const grpc::Mount& mount : plan.mounts()) {
    make(mount.destination(), kind_of(mount));
    made.push_back(mount.destination());
  }
  if (!plan.process().cwd().empty()) make(clean_path(plan.process().cwd()), Point::folder);
}

}  // namespace

UniqueFd prepare_user_namespace(const launch::Plan& plan) {
  if (plan.joins() || !has_new(plan, "user")) return UniqueFd();
  make_mount_points(plan);
  if (has_new(plan, "network")) return UniqueFd();  // then it may mount one itself
  for (const grpc::Mount& mount : plan.mounts()) {
    // The four have the same bits in MOUNT_ATTR_*.
    constexpr unsigned long kAttributes = MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC;
    if (mount.type() == "sysfs")
      return sys::detached_mount("sysfs",
                                 static_cast<unsigned>(options_of(mount).flags & kAttributes));
  }
  return UniqueFd();
}

}  // namespace kata::agent
