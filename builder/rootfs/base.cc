// SPDX-License-Identifier: Apache-2.0
#include "builder/rootfs/base.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <utility>

#include "builder/pipeline/interrupt.h"
#include "runtime/base/error.h"
#include "runtime/base/fd.h"
#include "runtime/base/path.h"

namespace kata::rootfs {
namespace {

using archive::Entry;
using archive::EntryKind;
using recipe::BaseKind;
using recipe::FileKind;
using recipe::ImageFile;
using recipe::ImageRecipe;

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
  DirectoryWalk(std::string root, std::string origin, Tree& tree)
      : root_(std::move(root)), origin_(std::move(origin)), tree_(tree) {}

  void walk(const std::string& inner) {
    const std::string folder = inner.empty() ? root_ : join_path(root_, inner);
    std::error_code error;
    std::filesystem::directory_iterator entries(folder, error);
    if (error) throw_errno(error.value(), "read the base folder {}", folder);
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
      node.origin = origin_;
      tree_.put(std::move(node));
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
  std::string origin_;
  Tree& tree_;
  std::map<std::pair<dev_t, ino_t>, std::shared_ptr<Content>> linked_;
};

/// A name that a hard link of the tar refers to.
std::shared_ptr<Content> linked_content(const Entry& entry, const Tree& tree,
                                        const std::string& tar) {
  Entry target;
  target.path = entry.target;
  const Node* node = tree.find(archive::safe_entry_path(target, tar));
  if (node == nullptr || !node->content) {
    throw_error(Code::invalid_argument,
                "{}: entry {} is a hard link to {}, which is no file before it", tar, entry.path,
                entry.target);
  }
  return node->content;
}

void read_tar(const ImageRecipe& recipe, const std::string& work, Tree& tree) {
  const std::string spool_path = join_path(work, "base.spool");
  const UniqueFd spool = open_file(spool_path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
  std::uint64_t offset = 0;
  archive::ArchiveReader reader(recipe.base.path);
  while (std::optional<Entry> entry = reader.next()) {
    Node node;
    node.entry = *entry;
    node.origin = "base";
    node.entry.path = archive::safe_entry_path(*entry, recipe.base.path);
    if (node.entry.path.empty()) continue;
    if (entry->kind == EntryKind::socket) continue;
    if (entry->kind == EntryKind::hardlink) {
      node.content = linked_content(*entry, tree, recipe.base.path);
      node.entry.kind = EntryKind::file;
      node.entry.target.clear();
    } else if (entry->kind == EntryKind::file) {
      node.content = std::make_shared<Content>();
    }
    // A cpio archive's last hard link carries the bytes of all
    if (node.content && (entry->kind == EntryKind::file || entry->size > 0)) {
      const std::uint64_t size =
          in_context([&] { return reader.copy_content(spool.get()); }, "write {}", spool_path);
      *node.content =
          Content{.text = {}, .file = spool_path, .offset = offset, .size = size, .sha256 = {}};
      offset += size;
    }
    in_context([&] { tree.put(std::move(node)); }, "{}", recipe.base.path);
  }
}

/// The kernel opens /dev/console for the first process before anything is mounted; the folders are
/// mount points.
void add_essentials(Tree& tree) {
  const std::pair<const char*, unsigned> folders[] = {{"dev", 0755}, {"etc", 0755}, {"proc", 0555},
                                                      {"run", 0755}, {"sys", 0555}, {"tmp", 01777}};
  for (const auto& [name, mode] : folders) {
    if (!tree.contains(name)) tree.put(make_directory(name, mode));
  }
  if (!tree.contains("dev/console")) tree.put(make_device("dev/console", false, 5, 1, 0600));
}

Node node_of(const ImageFile& file) {
  const std::string path = file.path.substr(1);
  switch (file.kind) {
    case FileKind::symlink:
      return make_symlink(path, file.target);
    case FileKind::directory:
      return make_directory(path, file.mode.value_or(0755));
    case FileKind::device:
      return make_device(path, file.block_device, file.device_major, file.device_minor,
                         file.mode.value_or(0600));
    case FileKind::content:
      return make_text_file(path, file.content, file.mode.value_or(0644));
    case FileKind::source:
      break;
  }
  struct stat status {};
  if (::stat(file.source.c_str(), &status) != 0)
    throw_errno(errno, "read {} for {}", file.source, file.path);
  // Only whether it may be run is taken from the builder: the rest of a mode comes from somebody's
  // umask
  return make_file(path, file.source,
                   file.mode.value_or((status.st_mode & 0100U) != 0 ? 0755 : 0644));
}

}  // namespace

Tree read_base(const ImageRecipe& recipe, const std::string& work, pipeline::Context&) {
  Tree tree;
  switch (recipe.base.kind) {
    case BaseKind::scratch:
      break;
    case BaseKind::directory:
      DirectoryWalk(recipe.base.path, "base", tree).walk("");
      break;
    case BaseKind::tar:
      read_tar(recipe, work, tree);
      break;
    default:
      throw_error(Code::unimplemented, "{}: base {} is not built yet", recipe.file,
                  recipe::base_name_of(recipe.base.kind));
  }
  add_essentials(tree);
  return tree;
}

void add_files(const ImageRecipe& recipe, Tree& tree) {
  for (const ImageFile& file : recipe.files) {
    if (file.path == "/")
      throw_error(Code::invalid_argument, "{}: a file cannot be /", recipe.file);
    Node node = in_context([&] { return node_of(file); }, "{}", recipe.file);
    node.origin = "files";
    node.entry.uid = file.uid;
    node.entry.gid = file.gid;
    tree.put(std::move(node));
  }
}

}  // namespace kata::rootfs
