// SPDX-License-Identifier: Apache-2.0
#include "builder/inspect/ext4_reader.h"

extern "C" {  // not all of these headers know of C++
#include <et/com_err.h>
#include <ext2fs/ext2fs.h>
}

#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "builder/inspect/inode_walk.h"
#include "runtime/base/error.h"
#include "runtime/base/foreign_text.h"
#include "runtime/base/scope_exit.h"

namespace kata::inspect {
namespace {

constexpr std::size_t kMaxNames = 1'000'000;  ///< in one folder

struct Names {
  std::vector<FolderName> list;
  bool is_too_many = false;
};

int take_name(ext2_ino_t /*folder*/, int /*entry*/, struct ext2_dir_entry* found, int /*offset*/,
              int /*block_size*/, char* /*buffer*/, void* data) {
  Names& names = *static_cast<Names*>(data);
  const std::string_view name(found->name, static_cast<std::size_t>(ext2fs_dirent_name_len(found)));
  if (found->inode == 0) return 0;
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

class Ext4Reader : public InodeReader {
 public:
  Ext4Reader(std::string image, std::uint64_t offset) : image_(std::move(image)) {
    const std::string options = fmt::format("offset={}", offset);
    check(ext2fs_open2(image_.c_str(), options.c_str(),
                       EXT2_FLAG_64BITS | EXT2_FLAG_SOFTSUPP_FEATURES, 0, 0, unix_io_manager, &fs_),
          "open the ext4 file system", "/");
  }
  Ext4Reader(const Ext4Reader&) = delete;
  Ext4Reader& operator=(const Ext4Reader&) = delete;
  ~Ext4Reader() override {
    if (fs_ != nullptr) ext2fs_close_free(&fs_);
  }

  std::uint64_t root() override { return EXT2_ROOT_INO; }

  Inode inode(std::uint64_t number, const std::string& path) override {
    const struct ext2_inode found = read_inode(number, path);
    Inode inode{.mode = found.i_mode,
                .uid = inode_uid(found),
                .gid = inode_gid(found),
                .mtime = static_cast<std::int64_t>(found.i_mtime),
                .size = EXT2_I_SIZE(&found),
                .links = found.i_links_count};
    const std::uint32_t old = found.i_block[0];
    const std::uint32_t device = found.i_block[1];
    inode.device_major = old != 0 ? old >> 8U & 0xffU : device >> 8U & 0xfffU;
    inode.device_minor = old != 0 ? old & 0xffU : (device & 0xffU) | (device >> 12U & 0xfff00U);
    return inode;
  }

  std::vector<FolderName> names(std::uint64_t number, const std::string& path) override {
    Names names;
    check(ext2fs_dir_iterate2(fs_, static_cast<ext2_ino_t>(number), 0, nullptr, take_name, &names),
          "read the folder", path);
    if (names.is_too_many)
      throw_error(Code::resource_exhausted, "read {}: the folder /{} is too large", image_,
                  foreign_line(path, 200));
    if (path.empty())
      std::erase_if(names.list, [](const FolderName& name) { return name.name == "lost+found"; });
    return std::move(names.list);
  }

  void read(std::uint64_t number, const std::string& path, const TakeBytes& take) override {
    struct ext2_inode inode = read_inode(number, path);
    ext2_file_t file = nullptr;
    check(ext2fs_file_open2(fs_, static_cast<ext2_ino_t>(number), &inode, 0, &file), "open", path);
    const ScopeExit close([&] { ext2fs_file_close(file); });
    std::vector<char> buffer(1U << 18);
    for (;;) {
      unsigned count = 0;
      check(ext2fs_file_read(file, buffer.data(), static_cast<unsigned>(buffer.size()), &count),
            "read", path);
      if (count == 0) return;
      take(std::string_view(buffer.data(), count));
    }
  }

  std::string target(std::uint64_t number, const std::string& path) override {
    struct ext2_inode inode = read_inode(number, path);
    const std::uint64_t size = EXT2_I_SIZE(&inode);
    if (ext2fs_is_fast_symlink(&inode) != 0 && size < sizeof inode.i_block)
      return {reinterpret_cast<const char*>(inode.i_block), static_cast<std::size_t>(size)};
    std::string target;
    read(number, path, [&](std::string_view part) { target += part; });
    return target;
  }

  std::map<std::string, std::string> xattrs(std::uint64_t number,
                                            const std::string& path) override {
    std::map<std::string, std::string> xattrs;
    struct ext2_xattr_handle* handle = nullptr;
    if (ext2fs_xattrs_open(fs_, static_cast<ext2_ino_t>(number), &handle) != 0) return xattrs;
    const ScopeExit close([&] { ext2fs_xattrs_close(&handle); });
    check(ext2fs_xattrs_read(handle), "read the attributes of", path);
    (void)ext2fs_xattrs_iterate(handle, take_xattr, &xattrs);
    xattrs.erase("system.data");  // a small file's bytes, kept in the inode
    return xattrs;
  }

 private:
  void check(errcode_t error, const char* what, const std::string& path) const {
    if (error != 0)
      throw_error(Code::data_loss, "read {}: {} /{}: {}", image_, what, foreign_line(path, 200),
                  error_message(error));
  }

  [[nodiscard]] struct ext2_inode read_inode(std::uint64_t number, const std::string& path) const {
    struct ext2_inode inode {};
    check(ext2fs_read_inode(fs_, static_cast<ext2_ino_t>(number), &inode), "read the inode of",
          path);
    return inode;
  }

  std::string image_;
  ext2_filsys fs_ = nullptr;
};

}  // namespace

void read_ext4(const std::string& image, std::uint64_t offset, ContentBuilder& builder) {
  Ext4Reader reader(image, offset);
  walk_inodes(image, reader, builder);
}

}  // namespace kata::inspect
