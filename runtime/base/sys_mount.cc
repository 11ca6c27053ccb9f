// SPDX-License-Identifier: Apache-2.0
#include "runtime/base/sys_mount.h"

#include <fcntl.h>
#include <sys/mount.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>

#include "runtime/base/error.h"
#include "runtime/base/io.h"
#include "runtime/base/path.h"

#ifndef SYS_mount_setattr
#define SYS_mount_setattr 442
#endif
#ifndef SYS_fsopen
#define SYS_move_mount 429
#define SYS_fsopen 430
#define SYS_fsconfig 431
#define SYS_fsmount 432
#endif

namespace kata::sys {
namespace {

/// mountinfo has no symbolic links in its paths ("/var/run" is "/run" there). The last part is
/// kept: it may be gone, and nothing can be mounted on a link.
std::string as_mountinfo_has_it(std::string_view path) {
  std::error_code error;
  const std::filesystem::path absolute = std::filesystem::absolute(path, error);
  const std::string clean = clean_path(absolute.string());
  if (clean == "/") return clean;
  const std::filesystem::path parent = std::filesystem::canonical(parent_path(clean), error);
  return error ? clean : join_path(parent.string(), base_name(clean));
}

}  // namespace

std::string decode_octal(std::string_view text) {
  std::string result;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\\' && i + 3 < text.size()) {
      result += static_cast<char>((text[i + 1] - '0') * 64 + (text[i + 2] - '0') * 8 +
                                  (text[i + 3] - '0'));
      i += 3;
    } else {
      result += text[i];
    }
  }
  return result;
}

void mount(const std::string& source, const std::string& target, const std::string& type,
           unsigned long flags, const std::string& data) {
  if (::mount(source.c_str(), target.c_str(), type.empty() ? nullptr : type.c_str(), flags,
              data.empty() ? nullptr : data.c_str()) != 0) {
    throw_errno(errno, "mount {} ({}) on {} with flags {:#x} and options \"{}\"", source,
                type.empty() ? "no type" : type, target, flags, data);
  }
}

UniqueFd detached_mount(const std::string& type, unsigned attributes) {
  constexpr unsigned kCloseOnExec = 1;  // FSOPEN_CLOEXEC, FSMOUNT_CLOEXEC
  constexpr unsigned kCreate = 6;       // FSCONFIG_CMD_CREATE
  const UniqueFd context(static_cast<int>(::syscall(SYS_fsopen, type.c_str(), kCloseOnExec)));
  if (!context) throw_errno(errno, "open file system {}", type);
  if (::syscall(SYS_fsconfig, context.get(), kCreate, nullptr, nullptr, 0) != 0)
    throw_errno(errno, "create file system {}", type);
  UniqueFd mount(static_cast<int>(::syscall(SYS_fsmount, context.get(), kCloseOnExec, attributes)));
  if (!mount) throw_errno(errno, "mount file system {}", type);
  return mount;
}

void attach_mount(int mount, int target) {
  constexpr unsigned kBothEmptyPaths = 0x4 | 0x40;  // MOVE_MOUNT_F_EMPTY_PATH, _T_EMPTY_PATH
  if (::syscall(SYS_move_mount, mount, "", target, "", kBothEmptyPaths) != 0)
    throw_errno(errno, "attach a mount");
}

void unmount(const std::string& target, int flags) {
  if (::umount2(target.c_str(), flags) != 0) throw_errno(errno, "unmount {}", target);
}

bool pivot_root_here() {
  if (::syscall(SYS_pivot_root, ".", ".") == 0) return true;
  if (errno == EINVAL) return false;
  throw_errno(errno, "pivot_root");
}

void set_mount_attributes_recursively(const std::string& target, std::uint64_t set,
                                      std::uint64_t clear) {
  struct {  // struct mount_attr, linux/mount.h, which cannot be included beside sys/mount.h
    std::uint64_t set, clear, propagation, user_namespace;
  } attributes{set, clear, 0, 0};
  constexpr unsigned kAtRecursive = 0x8000;
  if (::syscall(SYS_mount_setattr, AT_FDCWD, target.c_str(), kAtRecursive, &attributes,
                sizeof attributes) != 0) {
    throw_errno(errno, "set mount attributes {:#x} on {} and below", set, target);
  }
}

unsigned long mount_flags_at(const std::string& path) {
  struct statvfs status {};
  if (::statvfs(path.c_str(), &status) != 0) throw_errno(errno, "statvfs {}", path);
  constexpr unsigned long kSame =
      MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC | MS_NOATIME | MS_NODIRATIME;
  unsigned long flags = status.f_flag & kSame;
  constexpr unsigned long kStatRelatime = 0x1000;  // ST_RELATIME; its MS_ number is another
  if ((status.f_flag & kStatRelatime) != 0) flags |= MS_RELATIME;
  return flags;
}

std::vector<std::string> mounts_below(std::string_view path) {
  const std::string directory = as_mountinfo_has_it(path);
  const std::string table = read_file("/proc/self/mountinfo");
  std::vector<std::string> found;
  std::string_view rest = table;
  while (!rest.empty()) {
    const std::size_t end = rest.find('\n');
    std::string_view line = rest.substr(0, end);
    rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
    for (int field = 0; field < 4; ++field) {  // the mount point is the fifth field
      const std::size_t space = line.find(' ');
      line.remove_prefix(space == std::string_view::npos ? line.size() : space + 1);
    }
    std::string point = decode_octal(line.substr(0, line.find(' ')));
    if (!point.empty() && is_below(point, directory)) found.push_back(std::move(point));
  }
  std::reverse(found.begin(), found.end());  // mounted last comes off first
  return found;
}

int unmount_all_below(std::string_view directory) {
  int count = 0;
  for (const std::string& point : mounts_below(directory)) {
    ignore_error(
        [&] {
          unmount(point, MNT_DETACH | UMOUNT_NOFOLLOW);
          ++count;
        },
        "the mount may be gone already");
  }
  return count;
}

}  // namespace kata::sys
