// SPDX-License-Identifier: Apache-2.0
#include "builder/inspect/inode_walk.h"

#include <sys/stat.h>

#include <set>

#include "builder/archive/archive_reader.h"
#include "builder/pipeline/interrupt.h"
#include "runtime/base/error.h"
#include "runtime/base/foreign_text.h"

namespace kata::inspect {
namespace {

using archive::EntryKind;

class Walk {
 public:
  Walk(const std::string& image, InodeReader& reader, ContentBuilder& builder)
      : image_(image), reader_(reader), builder_(builder) {}

  void folder(std::uint64_t number, const std::string& path) {
    pipeline::throw_if_interrupted();
    if (!folders_.insert(number).second) fail("is in itself or there twice", path);
    if (path.size() > kLongestPath) fail("is too deep", path);
    for (const FolderName& name : reader_.names(number, path)) {
      if (name.name == "." || name.name == "..") continue;
      if (name.name.empty() || name.name.find('/') != std::string::npos ||
          name.name.find('\0') != std::string::npos) {
        fail("has a name in it that is none", path);
      }
      entry(name.inode, path.empty() ? name.name : path + "/" + name.name);
    }
  }

 private:
  [[noreturn]] void fail(const char* what, const std::string& path) const {
    throw_error(Code::data_loss, "read {}: /{} {}", image_, foreign_line(path, 200), what);
  }

  [[nodiscard]] EntryKind kind_of(unsigned mode, const std::string& path) const {
    switch (mode & S_IFMT) {
      case S_IFREG:
        return EntryKind::file;
      case S_IFDIR:
        return EntryKind::directory;
      case S_IFLNK:
        return EntryKind::symlink;
      case S_IFCHR:
        return EntryKind::character_device;
      case S_IFBLK:
        return EntryKind::block_device;
      case S_IFIFO:
        return EntryKind::fifo;
      case S_IFSOCK:
        return EntryKind::socket;
      default:
        fail("is of no kind", path);
    }
  }

  void entry(std::uint64_t number, const std::string& path) {
    const Inode inode = reader_.inode(number, path);
    archive::Entry entry;
    entry.path = path;
    entry.mode = inode.mode & 07777U;
    entry.uid = inode.uid;
    entry.gid = inode.gid;
    entry.mtime = inode.mtime;
    entry.xattrs = reader_.xattrs(number, path);
    if (const auto known = files_.find(number); known != files_.end()) {
      entry.target = known->second;
      builder_.begin_link(entry);
      return;
    }
    entry.kind = kind_of(inode.mode, path);
    if (entry.kind == EntryKind::file) entry.size = inode.size;
    if (entry.kind == EntryKind::symlink) {
      if (inode.size > kLongestPath) fail("leads to too long a path", path);
      entry.target = reader_.target(number, path);
    }
    if (entry.kind == EntryKind::character_device || entry.kind == EntryKind::block_device) {
      entry.device_major = inode.device_major;
      entry.device_minor = inode.device_minor;
    }
    builder_.begin(entry);
    if (entry.kind == EntryKind::file) {
      reader_.read(number, path, [&](std::string_view part) {
        pipeline::throw_if_interrupted();
        builder_.count(part.size());
        builder_.add(part);
      });
      if (inode.links > 1) files_[number] = path;
    }
    builder_.end();
    if (entry.kind == EntryKind::directory) folder(number, path);
  }

  const std::string& image_;
  InodeReader& reader_;
  ContentBuilder& builder_;
  std::set<std::uint64_t> folders_;
  std::map<std::uint64_t, std::string> files_;  ///< with several names: the first
};

}  // namespace

void walk_inodes(const std::string& image, InodeReader& reader, ContentBuilder& builder) {
  Walk(image, reader, builder).folder(reader.root(), "");
}

}  // namespace kata::inspect
