// SPDX-License-Identifier: Apache-2.0
#include "builder/inspect/ext4_reader.h"

extern "C" {  // not all of these headers know of C++
#include <et/com_err.h>
#include <ext2fs/ext2fs.h>
}

#include <linux/limits.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <map>
#include <set>
#include <vector>

#include "builder/pipeline/interrupt.h"
#include "runtime/base/error.h"
#include "runtime/base/foreign_text.h"
#include "runtime/base/scope_exit.h"

namespace kata::inspect {
namespace {

using archive::EntryKind;

constexpr std::size_t kMaxNames = 1'000'000;  ///< in one folder

struct Name {
  std::string name;
  ext2_ino_t inode = 0;
};

struct Names {
  std::vector<Name> list;
  bool is_too_many = false;
};

int take_name(ext2_ino_t /*folder*/, int /*entry*/, struct ext2_dir_entry* found, int /*offset*/,
              int /*block_size*/, char* /*buffer*/, void* data) {
  Names& names = *static_cast<Names*>(data);
  const std::string_view name(found->name, static_cast<std::size_t>(ext2fs_dirent_name_len(found)));
  if (name == "." || name == ".." || found->inode == 0) return 0;
  if (names.list.size() >= kMaxNames) {
    names.is_too_many = true;
    return DIRENT_ABORT;
  }
  names.list.push_back({std::string(name), found->inode});
  return 0;
}

int take_xattr(char* name, char* value, std::size_t size, void* data) {
  (*static_cast<std::map<std::string, std::string>*>(data))[name] = std::string(value, size);
  return 0;
}

class Ext4Reader {
 public:
  Ext4Reader(std::string image, std::uint64_t offset, ContentBuilder& builder)
      : image_(std::move(image)), builder_(builder) {
    const std::string options = fmt::format("offset={}", offset);
    check(ext2fs_open2(image_.c_str(), options.c_str(),
                       EXT2_FLAG_64BITS | EXT2_FLAG_SOFTSUPP_FEATURES, 0, 0, unix_io_manager, &fs_),
          "open the ext4 file system", "/");
  }
  Ext4Reader(const Ext4Reader&) = delete;
  Ext4Reader& operator=(const Ext4Reader&) = delete;
  ~Ext4Reader() {
    if (fs_ != nullptr) ext2fs_close_free(&fs_);
  }

  void read_folder(ext2_ino_t inode, const std::string& path) {
    pipeline::throw_if_interrupted();
    if (!folders_.insert(inode).second) {
      throw_error(Code::data_loss, "read {}: the folder /{} is in itself or there twice", image_,
                  foreign_line(path, 200));
    }
    Names names;
    check(ext2fs_dir_iterate2(fs_, inode, 0, nullptr, take_name, &names), "read the folder", path);
    if (names.is_too_many || path.size() > PATH_MAX)
      throw_error(Code::resource_exhausted, "read {}: the folder /{} is too large or too deep",
                  image_, foreign_line(path, 200));
    for (const Name& name : names.list) {
      if (name.name.empty() || name.name.find('/') != std::string::npos ||
          name.name.find('\0') != std::string::npos) {
        throw_error(Code::data_loss, "read {}: a name in the folder /{} is none", image_,
                    foreign_line(path, 200));
      }
      if (path.empty() && name.name == "lost+found") continue;
      read_entry(name.inode, path.empty() ? name.name : path + "/" + name.name);
    }
  }

 private:
  void check(errcode_t error, const char* what, const std::string& path) const {
    if (error != 0)
      throw_error(Code::data_loss, "read {}: {} /{}: {}", image_, what, foreign_line(path, 200),
                  error_message(error));
  }

  void read_entry(ext2_ino_t number, const std::string& path) {
    struct ext2_inode inode {};
    check(ext2fs_read_inode(fs_, number, &inode), "read the inode of", path);
    archive::Entry entry;
    entry.path = path;
    entry.mode = inode.i_mode & 07777U;
    entry.uid = inode_uid(inode);
    entry.gid = inode_gid(inode);
    entry.mtime = static_cast<std::int64_t>(inode.i_mtime);
    read_xattrs(number, entry);
    if (const auto known = names_.find(number); known != names_.end()) {
      entry.target = known->second;
      builder_.begin_link(entry);
      return;
    }
    switch (inode.i_mode & S_IFMT) {
      case S_IFDIR:
        entry.kind = EntryKind::directory;
        break;
      case S_IFLNK:
        entry.kind = EntryKind::symlink;
        entry.target = target_of(number, inode, path);
        break;
      case S_IFCHR:
      case S_IFBLK: {
        entry.kind = S_ISCHR(inode.i_mode) ? EntryKind::character_device : EntryKind::block_device;
        const std::uint32_t old = inode.i_block[0];
        const std::uint32_t device = inode.i_block[1];
        entry.device_major = old != 0 ? old >> 8U & 0xffU : device >> 8U & 0xfffU;
        entry.device_minor = old != 0 ? old & 0xffU : (device & 0xffU) | (device >> 12U & 0xfff00U);
        break;
      }
      case S_IFIFO:
        entry.kind = EntryKind::fifo;
        break;
      case S_IFSOCK:
        entry.kind = EntryKind::socket;
        break;
      case S_IFREG:
        entry.size = EXT2_I_SIZE(&inode);
        break;
      default:
        throw_error(Code::data_loss, "read {}: /{} is of no kind", image_, foreign_line(path, 200));
    }
    builder_.begin(entry);
    if (entry.kind == EntryKind::file) {
      read_file(number, inode, path, [&](std::string_view part) {
        builder_.count(part.size());
        builder_.add(part);
      });
      if (inode.i_links_count > 1) names_[number] = path;
    }
    builder_.end();
    if (entry.kind == EntryKind::directory) read_folder(number, path);
  }

  void read_xattrs(ext2_ino_t number, archive::Entry& entry) {
    struct ext2_xattr_handle* handle = nullptr;
    if (ext2fs_xattrs_open(fs_, number, &handle) != 0) return;
    const ScopeExit close([&] { ext2fs_xattrs_close(&handle); });
    check(ext2fs_xattrs_read(handle), "read the attributes of", entry.path);
    (void)ext2fs_xattrs_iterate(handle, take_xattr, &entry.xattrs);
    entry.xattrs.erase("system.data");  // a small file's bytes, kept in the inode
  }

  template <typename Take>
  void read_file(ext2_ino_t number, struct ext2_inode& inode, const std::string& path, Take take) {
    ext2_file_t file = nullptr;
    check(ext2fs_file_open2(fs_, number, &inode, 0, &file), "open", path);
    const ScopeExit close([&] { ext2fs_file_close(file); });
    std::vector<char> buffer(1U << 18);
    for (;;) {
      unsigned count = 0;
      check(ext2fs_file_read(file, buffer.data(), static_cast<unsigned>(buffer.size()), &count),
            "read", path);
      if (count == 0) return;
      pipeline::throw_if_interrupted();
      take(std::string_view(buffer.data(), count));
    }
  }

  std::string target_of(ext2_ino_t number, struct ext2_inode& inode, const std::string& path) {
    const std::uint64_t size = EXT2_I_SIZE(&inode);
    if (size > PATH_MAX)
      throw_error(Code::data_loss, "read {}: the target of /{} has {} bytes", image_,
                  foreign_line(path, 200), size);
    if (ext2fs_is_fast_symlink(&inode) != 0 && size < sizeof inode.i_block)
      return {reinterpret_cast<const char*>(inode.i_block), static_cast<std::size_t>(size)};
    std::string target;
    read_file(number, inode, path, [&](std::string_view part) { target += part; });
    return target;
  }

  std::string image_;
  ContentBuilder& builder_;
  ext2_filsys fs_ = nullptr;
  std::set<ext2_ino_t> folders_;
  std::map<ext2_ino_t, std::string> names_;  ///< of files with several
};

}  // namespace

void read_ext4(const std::string& image, std::uint64_t offset, ContentBuilder& builder) {
  Ext4Reader(image, offset, builder).read_folder(EXT2_ROOT_INO, "");
}

}  // namespace kata::inspect
