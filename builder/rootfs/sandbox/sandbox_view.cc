// SPDX-License-Identifier: Apache-2.0
#include "builder/rootfs/sandbox/sandbox_view.h"

#include <fcntl.h>
#include <linux/mount.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include <cerrno>
#include <filesystem>
#include <optional>

#include "runtime/base/error.h"
#include "runtime/base/io.h"
#include "runtime/base/path.h"
#include "runtime/base/switch_root.h"
#include "runtime/base/sys_file.h"
#include "runtime/base/sys_mount.h"

namespace kata::rootfs {
namespace {

namespace fs = std::filesystem;

constexpr const char* kView = "/tmp";  // any folder that is there will do: it is mounted over
constexpr const char* kShown[] = {"usr", "bin", "sbin", "lib", "lib32", "lib64", "libx32", "etc"};
constexpr const char* kDevices[] = {"null", "zero", "full", "random", "urandom"};
constexpr unsigned long kPlain = MS_NOSUID | MS_NODEV;

void make_read_only(const std::string& path) {
  try {
    sys::set_mount_attributes_recursively(path, MOUNT_ATTR_RDONLY, 0);
  } catch (const Error& error) {
    if (error.err() != ENOSYS) throw;  // before Linux 5.12: the mount itself only
    sys::mount("", path, "", MS_REMOUNT | MS_BIND | MS_RDONLY | sys::mount_flags_at(path));
  }
}

/// A place to bind to.
void make_place(const std::string& path, bool is_directory) {
  if (path_exists(path)) return;
  if (is_directory) {
    make_directories(path);
    return;
  }
  make_directories(parent_path(path));
  (void)open_file(path, O_WRONLY | O_CREAT, 0644);
}

std::optional<OpenedBind> open_bind(const std::string& from, const std::string& to, bool writable) {
  OpenedBind bind{.from = open_file(from, O_PATH), .to = to, .writable = writable};
  bind.is_directory = S_ISDIR(sys::stat_of(bind.from.get()).st_mode);
  return bind;
}

void mount_devices(const std::string& dev, const std::string& source) {
  for (const char* name : kDevices) {
    const std::string place = join_path(dev, name);
    make_place(place, false);
    sys::mount(join_path(source, name), place, "", MS_BIND);
  }
  for (const auto& [name, target] : {std::pair{"fd", "/proc/self/fd"},
                                     {"stdin", "/proc/self/fd/0"},
                                     {"stdout", "/proc/self/fd/1"},
                                     {"stderr", "/proc/self/fd/2"}}) {
    fs::create_symlink(target, join_path(dev, name));
  }
  make_directories(join_path(dev, "shm"), 01777);
}

void mount_proc(const std::string& place) {
  in_context([&] { sys::mount("proc", place, "proc", kPlain | MS_NOEXEC); },
             "the container that katabuild runs in may hide parts of /proc, which keeps namespaces "
             "in it from having one");
}

}  // namespace

std::vector<OpenedBind> open_binds(const SandboxPlan& plan) {
  std::vector<OpenedBind> binds;
  const auto add = [&](const std::string& from, const std::string& to, bool writable) {
    if (std::optional<OpenedBind> bind = open_bind(from, to, writable))
      binds.push_back(*std::move(bind));
  };
  for (const char* name : kShown) {
    const std::string path = join_path("/", name);
    if (fs::is_directory(path) && !fs::is_symlink(path)) add(path, path, false);
  }
  for (const char* name : kDevices) add(join_path("/dev", name), join_path("/dev", name), true);
  std::error_code error;
  const std::string names = fs::canonical("/etc/resolv.conf", error).string();
  if (plan.network && !error && !is_below(names, "/etc")) add(names, names, false);
  try {
    for (const SandboxBind& bind : plan.binds) add(bind.from, bind.to, bind.writable);
  } catch (Error& failure) {
    if (failure.err() == EACCES) {
      failure.add_context(
          "a folder above is another user's and closed, and nobody passes it in a user namespace, "
          "not even root: choose another place with --cache");
    }
    throw;
  }
  return binds;
}

void mount_view(const SandboxPlan& plan, const std::vector<OpenedBind>& binds) {
  std::vector<std::pair<std::string, std::string>> links;
  for (const char* name : kShown) {
    const std::string path = join_path("/", name);
    if (fs::is_symlink(path)) links.emplace_back(name, fs::read_symlink(path).string());
  }
  sys::mount("sandbox", kView, "tmpfs", kPlain,
             fmt::format("mode=0755,size={},nr_inodes=0", plan.memory));
  for (const auto& [name, target] : links) fs::create_symlink(target, join_path(kView, name));
  for (const char* name : {"proc", "dev", "run", "root", "var/cache", "var/lib", "var/log"})
    make_directories(join_path(kView, name));
  make_directories(join_path(kView, kSandboxTree));
  for (const char* name : {"tmp", "var/tmp"}) {
    make_directories(join_path(kView, name));
    fs::permissions(join_path(kView, name), fs::perms::all | fs::perms::sticky_bit);
  }
  for (const OpenedBind& bind : binds) {
    const std::string place = join_path(kView, bind.to);
    make_place(place, bind.is_directory);
    sys::mount(sys::fd_path(bind.from.get()), place, "", MS_BIND | MS_REC);
    if (!bind.writable) make_read_only(place);
  }
  for (const auto& [name, target] : {std::pair{"fd", "/proc/self/fd"}, {"ptmx", "pts/ptmx"}})
    fs::create_symlink(target, join_path(join_path(kView, "dev"), name));
  make_directories(join_path(kView, "dev/pts"));
  make_directories(join_path(kView, "dev/shm"));
  sys::mount("devpts", join_path(kView, "dev/pts"), "devpts", MS_NOSUID | MS_NOEXEC,
             "newinstance,ptmxmode=0666,mode=0620");
}

void enter_view() {
  mount_proc(join_path(kView, "proc"));
  switch_root(open_file(kView, O_PATH | O_DIRECTORY).get());
}

void mount_in_tree(const std::string& root) {
  sys::mount("", "/", "", MS_REC | MS_PRIVATE);
  sys::mount(root, root, "", MS_BIND);
  for (const auto& [name, mode] : {std::pair{"proc", 0555U}, {"dev", 0755U}, {"tmp", 01777U}}) {
    const std::string place = join_path(root, name);
    std::error_code error;
    if (!fs::is_symlink(place, error) && !path_exists(place)) {
      make_directories(place);
      fs::permissions(place, static_cast<fs::perms>(mode));
    }
    if (fs::is_symlink(place, error) || !fs::is_directory(place))
      throw_error(Code::failed_precondition, "run a command in the root: /{} is no folder", name);
  }
  mount_proc(join_path(root, "proc"));
  sys::mount("tmp", join_path(root, "tmp"), "tmpfs", kPlain, "mode=1777");
  sys::mount("dev", join_path(root, "dev"), "tmpfs", MS_NOSUID, "mode=0755");
  mount_devices(join_path(root, "dev"), "/dev");
}

void enter_tree(const std::string& root) {
  switch_root(open_file(root, O_PATH | O_DIRECTORY).get());
}

}  // namespace kata::rootfs
