// SPDX-License-Identifier: Apache-2.0
#include "builder/rootfs/folder.h"

#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <map>
#include <utility>

#include "builder/pipeline/interrupt.h"
#include "runtime/base/error.h"
#include "runtime/base/path.h"

namespace kata::rootfs {
namespace {

std::string link_target(const std::string& path) {
  std::string target(4096, '\0');
  const ssize_t size = ::readlink(path.c_str(), target.data(), target.size());
  if (size < 0) throw_errno(errno, "read the link {}", path);
  target.resize(static_cast<std::size_t>(size));
  return target;
}

/// Security labels and POSIX ACLs are the builder's own affair; file capabilities and user
/// attributes belong to the file.
std::map<std::string, std::string> xattrs_of(const std::string& path) {
  std::map<std::string, std::string> xattrs;
  const ssize_t length = ::llistxattr(path.c_str(), nullptr, 0);
  if (length <= 0) return xattrs;
  std::string names(static_cast<std::size_t>(length), '\0');
  const ssize_t read = ::llistxattr(path.c_str(), names.data(), names.size());
  if (read < 0) throw_errno(errno, "list the extended attributes of {}", path);
  names.resize(static_cast<std::size_t>(read));
  for (std::size_t begin = 0; begin < names.size(); begin = names.find('\0', begin) + 1) {
    const std::string name = names.c_str() + begin;
    if (!name.starts_with("user.") && name != "security.capability") continue;
    std::string value(65536, '\0');
    const ssize_t size = ::lgetxattr(path.c_str(), name.c_str(), value.data(), value.size());
    if (size < 0) throw_errno(errno, "read the extended attribute {} of {}", name, path);
    value.resize(static_cast<std::size_t>(size));
    xattrs[name] = std::move(value);
  }
  return xattrs;
}

class DirectoryWalk {
 public:
  DirectoryWalk(std::string root, const std::function<void(Node)>& take)
      : root_(std::move(root)), take_(take) {}

  void walk(const std::string& inner) {
    const std::string folder = inner.empty() ? root_ : join_path(root_, inner);
    std::error_code error;
    std::filesystem::directory_iterator entries(folder, error);
    if (error) throw_errno(error.value(), "read the folder {}", folder);
    for (const auto& item : entries) {
      pipeline::throw_if_interrupted();
      const std::string name = item.path().filename().string();
      add(inner.empty() ? name : inner + "/" + name);
    }
  }

 private:
  void add(const std::string& inner) {
    const std::string full = join_path(root_, inner);
    struct stat status {};
    if (::lstat(full.c_str(), &status) != 0) throw_errno(errno, "look at {}", full);
    const unsigned mode = status.st_mode & 07777U;
    const auto put = [&](Node node) {
      node.entry.xattrs = xattrs_of(full);
      take_(std::move(node));
    };
    if (S_ISDIR(status.st_mode)) {
      put(make_directory(inner, mode));
      walk(inner);
    } else if (S_ISLNK(status.st_mode)) {
      put(make_symlink(inner, link_target(full)));
    } else if (S_ISCHR(status.st_mode) || S_ISBLK(status.st_mode)) {
      put(make_device(inner, S_ISBLK(status.st_mode), major(status.st_rdev), minor(status.st_rdev),
                      mode));
    } else if (S_ISREG(status.st_mode)) {
      Node node = make_file(inner, full, mode);
      if (status.st_nlink > 1) {
        std::shared_ptr<Content>& first = linked_[{status.st_dev, status.st_ino}];
        if (first) node.content = first;
        first = node.content;
      }
      put(std::move(node));
    }  // sockets and pipes belong to processes of the builder
  }

  std::string root_;
  const std::function<void(Node)>& take_;
  std::map<std::pair<dev_t, ino_t>, std::shared_ptr<Content>> linked_;
};

}  // namespace

void read_folder(const std::string& root, const std::function<void(Node)>& take) {
  DirectoryWalk(root, take).walk("");
}

}  // namespace kata::rootfs
