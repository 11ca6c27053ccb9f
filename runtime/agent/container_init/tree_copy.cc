// SPDX-License-Identifier: Apache-2.0
#include "runtime/agent/container_init/tree_copy.h"

#include <fcntl.h>
#include <sys/sendfile.h>
#include <sys/stat.h>

#include <cerrno>
#include <filesystem>
#include <string>

#include "runtime/base/error.h"
#include "runtime/base/sys_file.h"

namespace kata::agent {
namespace {

void copy_owner_and_mode(int fd, const struct stat& status) {
  sys::change_owner(fd, status.st_uid, status.st_gid);
  if (::fchmod(fd, status.st_mode & 07777U) != 0)
    throw_errno(errno, "set the mode of a copied file");
}

void copy_file(int from, int to, const std::string& name, const struct stat& status) {
  const UniqueFd source = sys::open_at(from, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
  const UniqueFd target = sys::open_at(to, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0600);
  ssize_t count;
  do {
    count = ::sendfile(target.get(), source.get(), nullptr, 1U << 20);
  } while (count > 0 || (count < 0 && errno == EINTR));
  if (count < 0) throw_errno(errno, "copy {}", name);
  copy_owner_and_mode(target.get(), status);
}

}  // namespace

void copy_tree(int from, int to) {
  for (const auto& entry : std::filesystem::directory_iterator(sys::fd_path(from))) {
    const std::string name = entry.path().filename().string();
    const struct stat status = sys::stat_of(sys::open_at(from, name, O_PATH | O_NOFOLLOW).get());
    if (S_ISREG(status.st_mode)) {
      copy_file(from, to, name, status);
    } else if (S_ISLNK(status.st_mode)) {
      sys::make_symlink_at(sys::read_link_at(from, name).value_or(""), to, name);
      sys::change_owner_at(to, name, status.st_uid, status.st_gid);
    } else if (S_ISDIR(status.st_mode)) {
      sys::make_directory_at(to, name, 0700);
      const UniqueFd folder = sys::open_at(to, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
      copy_tree(sys::open_at(from, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW).get(), folder.get());
      copy_owner_and_mode(folder.get(), status);
    }
  }
}

}  // namespace kata::agent
