// SPDX-License-Identifier: Apache-2.0
#include "runtime/base/sys_file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>

#include "runtime/base/error.h"
#include "runtime/base/io.h"

namespace kata::sys {
namespace {

/// Turns "it exists" into false, anything else wrong into an Error.
bool created(int result, std::string_view what, const std::string& name) {
  if (result == 0) return true;
  if (errno == EEXIST) return false;
  throw_errno(errno, "create {} {}", what, name);
}

}  // namespace

UniqueFd open_at(int directory, const std::string& path, int flags, unsigned mode) {
  for (;;) {
    UniqueFd fd(::openat(directory, path.c_str(), flags | O_CLOEXEC, mode));
    if (fd) return fd;
    if (errno != EINTR) throw_errno(errno, "open {}", path);
  }
}

bool make_directory_at(int directory, const std::string& name, unsigned mode) {
  return created(::mkdirat(directory, name.c_str(), mode), "folder", name);
}

bool make_file_at(int directory, const std::string& name, unsigned mode) {
  const UniqueFd fd(::openat(directory, name.c_str(),
                             O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC | O_NOFOLLOW, mode));
  return created(fd ? 0 : -1, "file", name);
}

bool make_node_at(int directory, const std::string& name, unsigned mode, dev_t device) {
  if (!created(::mknodat(directory, name.c_str(), mode, device), "device node", name)) return false;
  // Through an O_PATH descriptor of what was just made, so that a link put in its place is never
  // followed.
  const UniqueFd node = open_at(directory, name, O_PATH | O_NOFOLLOW);
  if (::chmod(fd_path(node.get()).c_str(), mode & 07777U) != 0)
    throw_errno(errno, "set the mode of {}", name);
  return true;
}

bool make_symlink_at(const std::string& target, int directory, const std::string& name) {
  return created(::symlinkat(target.c_str(), directory, name.c_str()), "symbolic link", name);
}

bool remove_at(int directory, const std::string& name) {
  if (::unlinkat(directory, name.c_str(), 0) == 0) return true;
  if (errno == ENOENT) return false;
  throw_errno(errno, "remove {}", name);
}

std::optional<std::string> read_link_at(int directory, const std::string& name) {
  std::string target(4096, '\0');
  const ssize_t size = ::readlinkat(directory, name.c_str(), target.data(), target.size());
  if (size < 0 && (errno == EINVAL || (errno == ENOENT && name.empty()))) return std::nullopt;
  if (size < 0) throw_errno(errno, "read link {}", name);
  target.resize(static_cast<std::size_t>(size));
  return target;
}

struct stat stat_of(int fd) {
  struct stat status {};
  if (::fstat(fd, &status) != 0) throw_errno(errno, "stat descriptor {}", fd);
  return status;
}

void change_owner_at(int directory, const std::string& name, uid_t uid, gid_t gid) {
  if (::fchownat(directory, name.c_str(), uid, gid, AT_SYMLINK_NOFOLLOW) != 0) {
    throw_errno(errno, "change the owner of {} to {}:{}", name, uid, gid);
  }
}

void change_owner(int fd, uid_t uid, gid_t gid) {
  if (::fchown(fd, uid, gid) != 0)
    throw_errno(errno, "change the owner of descriptor {} to {}", fd, uid);
}

std::string fd_path(int fd) { return fmt::format("/proc/self/fd/{}", fd); }

UniqueFd make_memory_file(const std::string& name, std::string_view contents) {
  UniqueFd fd(::memfd_create(name.c_str(), MFD_CLOEXEC | MFD_ALLOW_SEALING));
  if (!fd) throw_errno(errno, "create memory file {}", name);
  write_all(fd.get(), contents);
  if (::lseek(fd.get(), 0, SEEK_SET) != 0) throw_errno(errno, "rewind memory file {}", name);
  if (::fcntl(fd.get(), F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE) !=
      0) {
    throw_errno(errno, "seal memory file {}", name);
  }
  return fd;
}

UniqueFd make_empty_memory_file(const std::string& name, std::uint64_t size) {
  UniqueFd fd(::memfd_create(name.c_str(), MFD_CLOEXEC));
  if (!fd) throw_errno(errno, "create memory file {}", name);
  if (::ftruncate(fd.get(), static_cast<off_t>(size)) != 0)
    throw_errno(errno, "make memory file {} {} bytes long", name, size);
  return fd;
}

}  // namespace kata::sys
