// SPDX-License-Identifier: Apache-2.0
#include "runtime/agent/container_init/mounts.h"

#include <fcntl.h>
#include <sys/mount.h>

#include <cerrno>

#include "launch.pb.h"
#include "runtime/agent/container_init/mount_options.h"
#include "runtime/agent/container_init/namespaces.h"
#include "runtime/agent/container_init/tree_copy.h"
#include "runtime/base/error.h"
#include "runtime/base/log.h"
#include "runtime/base/path.h"
#include "runtime/base/path_in_root.h"
#include "runtime/base/sys_file.h"
#include "runtime/base/sys_mount.h"

namespace kata::agent {
namespace {

constexpr unsigned long kPlacement = MS_BIND | MS_REC | MS_REMOUNT | MS_SILENT;

bool is_directory(int fd) { return S_ISDIR(sys::stat_of(fd).st_mode); }

/// A descriptor of what lies at the path now; after a mount(2) that is the new mount, so each step
/// asks again.
UniqueFd at(int root, const std::string& path) {
  return resolve_in_root(root, path, IfMissing::fail);
}

/// Sets per-mount flags on a bind. Inside a user namespace some flags are locked
/// (mount_namespaces(7)): keep those.
void remount_bind(const UniqueFd& target, unsigned long flags) {
  const std::string path = sys::fd_path(target.get());
  try {
    sys::mount("", path, "", MS_BIND | MS_REMOUNT | flags);
  } catch (const Error& error) {
    if (error.err() != EPERM) throw;
    sys::mount("", path, "", MS_BIND | MS_REMOUNT | flags | sys::mount_flags_at(path));
  }
}

/// A volume is a mount of its own within the share, which virtio-fs makes an automount point. Bound
/// before it is triggered it would be mounted later, over what the container has mounted below it;
/// only O_DIRECTORY makes O_PATH trigger it, see open(2).
UniqueFd open_source(const std::string& source) {
  UniqueFd fd = open_file(source, O_PATH);
  return is_directory(fd.get()) ? open_file(source, O_PATH | O_DIRECTORY) : std::move(fd);
}

void bind(const std::string& source, int root, const std::string& path, unsigned long flags) {
  const UniqueFd from = open_source(source);
  const UniqueFd target = resolve_in_root(
      root, path, is_directory(from.get()) ? IfMissing::make_directory : IfMissing::make_file);
  sys::mount(sys::fd_path(from.get()), sys::fd_path(target.get()), "", MS_BIND | (flags & MS_REC));
  if ((flags & ~kPlacement) != 0) remount_bind(at(root, path), flags & ~kPlacement);
}

void mount_tmpfs(const grpc::Mount& mount, const MountOptions& options, int root) {
  UniqueFd covered = resolve_in_root(root, mount.destination(), IfMissing::give_up);
  // The folder's own mode unless the options say another, and the kernel's, 1777, where there was
  // none: as runc does.
  std::string data;
  if (covered) data = fmt::format("mode={:04o}", sys::stat_of(covered.get()).st_mode & 07777U);
  if (!covered) covered = resolve_in_root(root, mount.destination(), IfMissing::make_directory);
  if (!options.data.empty()) data += (data.empty() ? "" : ",") + options.data;
  sys::mount(mount.source().empty() ? "tmpfs" : mount.source(), sys::fd_path(covered.get()),
             "tmpfs", options.flags & ~static_cast<unsigned long>(MS_RDONLY), data);
  if (options.copy_up) copy_tree(covered.get(), at(root, mount.destination()).get());
}

/// The container sees its own cgroup as the root of the tree: through the cgroup namespace, else by
/// a bind.
void mount_cgroup(const launch::Plan& plan, const grpc::Mount& mount, const MountOptions& options,
                  int root) {
  if (has_namespace(plan, "cgroup")) {
    const UniqueFd target = resolve_in_root(root, mount.destination(), IfMissing::make_directory);
    try {
      sys::mount("cgroup", sys::fd_path(target.get()), "cgroup2", options.flags);
      return;
    } catch (const Error& error) {
      if (error.err() != EBUSY && error.err() != EPERM) throw;
    }
  }
  bind(plan.cgroup_path(), root, mount.destination(), MS_BIND | options.flags);
}

/// A link in place of /proc or /sys would redirect what later steps and the container trust; runc
/// refuses it as well.
void check_kernel_mount_point(const std::string& destination, int root) {
  const UniqueFd parent =
      resolve_in_root(root, parent_path(destination), IfMissing::make_directory);
  const std::string name(base_name(destination));
  sys::make_directory_at(parent.get(), name, 0755);
  const UniqueFd target = sys::open_at(parent.get(), name, O_PATH | O_NOFOLLOW);
  if (!is_directory(target.get())) {
    throw_error(Code::failed_precondition, "filesystem must be mounted on an ordinary directory");
  }
}

void mount_file_system(const grpc::Mount& mount, const MountOptions& options, int root) {
  if (mount.type() == "proc" || mount.type() == "sysfs")
    check_kernel_mount_point(mount.destination(), root);
  const UniqueFd target = resolve_in_root(root, mount.destination(), IfMissing::make_directory);
  const std::string source = mount.source().empty() ? mount.type() : mount.source();
  sys::mount(source, sys::fd_path(target.get()), mount.type(), options.flags, options.data);
}

void make_mount(const launch::Plan& plan, const grpc::Mount& mount, int root, UniqueFd& sysfs) {
  const auto& list = mount.options();
  const MountOptions options =
      parse_mount_options(std::vector<std::string>(list.begin(), list.end()));
  if ((options.flags & MS_BIND) != 0) {
    bind(mount.source(), root, mount.destination(), options.flags);
  } else if (mount.type() == "bind") {  // named by its type only: with all that is mounted below
    bind(mount.source(), root, mount.destination(), options.flags | MS_BIND | MS_REC);
  } else if (mount.type() == "tmpfs") {
    mount_tmpfs(mount, options, root);
  } else if (mount.type() == "cgroup" || mount.type() == "cgroup2") {
    mount_cgroup(plan, mount, options, root);
  } else if (mount.type() == "sysfs" && sysfs) {
    check_kernel_mount_point(mount.destination(), root);
    sys::attach_mount(UniqueFd(std::move(sysfs)).get(), at(root, mount.destination()).get());
  } else {
    mount_file_system(mount, options, root);
  }
  const auto new_mount = [&] { return at(root, mount.destination()); };
  for (const unsigned long propagation : options.propagation) {
    sys::mount("", sys::fd_path(new_mount().get()), "", propagation);
  }
  if (options.recursive_set != 0 || options.recursive_clear != 0) {
    sys::set_mount_attributes_recursively(sys::fd_path(new_mount().get()), options.recursive_set,
                                          options.recursive_clear);
  }
}

/// Calls `body` with what lies at the path; nothing lies there: that is fine.
template <typename Body>
void with_existing(int root, const std::string& path, const Body& body) {
  const UniqueFd target = resolve_in_root(root, path, IfMissing::give_up);
  if (target) body(target);
}

}  // namespace

void make_mounts(const launch::Plan& plan, int root, UniqueFd sysfs) {
  for (const grpc::Mount& mount : plan.mounts()) {
    in_context([&] { make_mount(plan, mount, root, sysfs); },
               "mount \"{}\" ({}) to rootfs at \"{}\"", mount.source(), mount.type(),
               mount.destination());
  }
}

void seal_readonly_tmpfs(const launch::Plan& plan, int root) {
  for (const grpc::Mount& mount : plan.mounts()) {
    if (mount.type() != "tmpfs") continue;
    const auto& list = mount.options();
    const MountOptions options =
        parse_mount_options(std::vector<std::string>(list.begin(), list.end()));
    if ((options.flags & (MS_RDONLY | MS_BIND)) != MS_RDONLY) continue;
    in_context([&] { remount_bind(at(root, mount.destination()), options.flags); },
               "make {} read-only", mount.destination());
  }
}

void bind_file(const std::string& source, int root, const std::string& path) {
  const UniqueFd target = resolve_in_root(root, path, IfMissing::make_file);
  sys::mount(source, sys::fd_path(target.get()), "", MS_BIND);
}

void mask_paths(const launch::Plan& plan, int root) {
  for (const std::string& path : plan.linux().masked_paths()) {
    with_existing(root, path, [&](const UniqueFd& target) {
      in_context(
          [&] {
            if (is_directory(target.get())) {
              sys::mount("tmpfs", sys::fd_path(target.get()), "tmpfs", MS_RDONLY);
            } else {
              sys::mount("/dev/null", sys::fd_path(target.get()), "", MS_BIND);
            }
          },
          "mask path \"{}\"", path);
    });
  }
}

void protect_paths(const launch::Plan& plan, int root) {
  for (const std::string& path : plan.linux().readonly_paths()) {
    with_existing(root, path, [&](const UniqueFd& target) {
      in_context(
          [&] {
            const std::string name = sys::fd_path(target.get());
            const unsigned long flags = sys::mount_flags_at(name);
            sys::mount(name, name, "", MS_BIND | MS_REC);
            sys::mount("", sys::fd_path(at(root, path).get()), "",
                       MS_BIND | MS_REMOUNT | MS_RDONLY | flags);
          },
          "make path \"{}\" read-only", path);
    });
  }
}

}  // namespace kata::agent
