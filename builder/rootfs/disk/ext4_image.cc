// SPDX-License-Identifier: Apache-2.0
#include "builder/rootfs/disk/ext4_image.h"

extern "C" {  // the header does not say so itself
#include <et/com_err.h>
}
#include <ext2fs/ext2_fs.h>
#include <ext2fs/ext2fs.h>
#include <sys/stat.h>

#include <algorithm>
#include <cstring>
#include <map>

#include "builder/pipeline/interrupt.h"
#include "builder/rootfs/disk/content_part.h"
#include "builder/rootfs/disk/node_mode.h"
#include "runtime/base/error.h"
#include "runtime/base/path.h"

namespace kata::rootfs {
namespace {

using archive::EntryKind;

constexpr std::uint64_t kExt4Block = 4096;
constexpr unsigned kInodeSize = 256;
constexpr unsigned kExtraSize = 32;  // of the inode's newer half: nanoseconds, creation time
constexpr std::uint64_t kExt4Part = std::uint64_t{4} << 20;

class Ext4Writer {
 public:
  Ext4Writer(const Tree& tree, const Ext4Options& options, std::uint64_t offset, DiskFile& disk)
      : tree_(tree), options_(options), offset_(offset), disk_(disk) {}
  Ext4Writer(const Ext4Writer&) = delete;
  Ext4Writer& operator=(const Ext4Writer&) = delete;
  ~Ext4Writer() {
    if (fs_ != nullptr) ext2fs_free(fs_);
  }

  void write() {
    make();
    folders_[""] = EXT2_ROOT_INO;
    for (const auto& [path, node] : tree_.nodes()) {
      pipeline::throw_if_interrupted();
      add(path, node);
    }
    check(ext2fs_close2(fs_, 0), "write its tables");
    fs_ = nullptr;
  }

 private:
  void check(errcode_t status, std::string_view what) const {
    if (status == 0) return;
    const bool is_errno = status > 0 && status < 256;
    throw Error(is_errno ? code_from_errno(static_cast<int>(status)) : Code::internal,
                fmt::format("ext4 in {}: {}: {}", disk_.path(), what, error_message(status)),
                is_errno ? static_cast<int>(status) : 0);
  }

  /// An empty file system with the root and lost+found.
  void make() {
    initialize_ext2_error_table();
    ext2_super_block wanted{};
    wanted.s_rev_level = EXT2_DYNAMIC_REV;
    wanted.s_log_block_size = 2;
    wanted.s_log_cluster_size = 2;
    wanted.s_inode_size = kInodeSize;
    wanted.s_feature_compat = EXT2_FEATURE_COMPAT_EXT_ATTR | EXT2_FEATURE_COMPAT_DIR_INDEX;
    wanted.s_feature_incompat = EXT2_FEATURE_INCOMPAT_FILETYPE | EXT3_FEATURE_INCOMPAT_EXTENTS |
                                EXT4_FEATURE_INCOMPAT_FLEX_BG;
    wanted.s_feature_ro_compat =
        EXT2_FEATURE_RO_COMPAT_SPARSE_SUPER | EXT2_FEATURE_RO_COMPAT_LARGE_FILE |
        EXT4_FEATURE_RO_COMPAT_HUGE_FILE | EXT4_FEATURE_RO_COMPAT_DIR_NLINK |
        EXT4_FEATURE_RO_COMPAT_EXTRA_ISIZE | EXT4_FEATURE_RO_COMPAT_METADATA_CSUM;
    wanted.s_log_groups_per_flex = 4;
    ext2fs_blocks_count_set(&wanted, options_.size / kExt4Block);
    const std::uint64_t nodes = tree_.nodes().size();
    wanted.s_inodes_count = static_cast<__u32>(nodes + 32 + nodes / 10);
    check(ext2fs_initialize(disk_.path().c_str(), EXT2_FLAG_64BITS, &wanted, unix_io_manager, &fs_),
          "make it");
    check(io_channel_set_options(fs_->io, fmt::format("offset={}", offset_).c_str()), "its place");
    settle_super_block();
    check(ext2fs_allocate_tables(fs_), "place its tables");
    for (dgrp_t group = 0; group < fs_->group_desc_count; ++group) {
      ext2fs_bg_flags_set(fs_, group, EXT2_BG_INODE_ZEROED);  // a new file is all zeroes
      ext2fs_group_desc_csum_set(fs_, group);
    }
    for (ext2_ino_t ino = 1; ino < EXT2_FIRST_INODE(fs_->super); ++ino) {
      if (ino != EXT2_ROOT_INO) ext2fs_inode_alloc_stats2(fs_, ino, +1, 0);
    }
    check(ext2fs_mkdir(fs_, EXT2_ROOT_INO, EXT2_ROOT_INO, nullptr), "make its root");
    settle(EXT2_ROOT_INO, make_directory("root", 0755), "");
    const ext2_ino_t lost = new_inode(EXT2_ROOT_INO, S_IFDIR);
    check(ext2fs_mkdir(fs_, EXT2_ROOT_INO, lost, "lost+found"), "make lost+found");
    settle(lost, make_directory("lost+found", 0700), "lost+found");
  }

  /// Whatever would be random or the builder's.
  void settle_super_block() {
    ext2_super_block& super = *fs_->super;
    fs_->now = time();
    super.s_mkfs_time = super.s_lastcheck = super.s_wtime = static_cast<__u32>(time());
    std::copy(options_.uuid.begin(), options_.uuid.end(), super.s_uuid);
    const Uuid seed = derived_uuid(uuid_text(options_.uuid), "directory hashes");
    std::memcpy(super.s_hash_seed, seed.data(), seed.size());
    super.s_def_hash_version = EXT2_HASH_HALF_MD4;
    super.s_flags |= EXT2_FLAGS_SIGNED_HASH;
    super.s_checksum_type = EXT2_CRC32C_CHKSUM;
    super.s_min_extra_isize = kExtraSize;
    super.s_want_extra_isize = kExtraSize;
    super.s_max_mnt_count = static_cast<__s16>(-1);
    super.s_default_mount_opts = EXT2_DEFM_XATTR_USER | EXT2_DEFM_ACL;
    ext2fs_init_csum_seed(fs_);
  }

  /// libext2fs takes 0 for "now".
  [[nodiscard]] std::int64_t time() const noexcept {
    return std::max<std::int64_t>(options_.mtime, 1);
  }

  ext2_ino_t new_inode(ext2_ino_t parent, std::uint16_t mode) {
    ext2_ino_t ino = 0;
    check(ext2fs_new_inode(fs_, parent, mode, nullptr, &ino), "find a free inode");
    return ino;
  }

  /// Calls `body`, which adds a name to `folder`, once more with a larger folder when that is full.
  template <typename Body>
  void with_room(ext2_ino_t folder, const std::string& path, Body&& body) {
    errcode_t status = body();
    if (status == EXT2_ET_DIR_NO_SPACE) {
      check(ext2fs_expand_dir(fs_, folder), fmt::format("enlarge the folder of /{}", path));
      status = body();
    }
    check(status, fmt::format("add /{}", path));
  }

  void add(const std::string& path, const Node& node) {
    const std::size_t slash = path.rfind('/');
    const ext2_ino_t parent = folders_.at(slash == std::string::npos ? "" : path.substr(0, slash));
    const std::string name(base_name(path));
    const std::uint16_t mode = node_mode(node);
    if (node.content) {
      const auto known = files_.find(node.content.get());
      if (known != files_.end()) return link_again(parent, name, path, known->second);
    }
    if (path == "lost+found" && S_ISDIR(mode)) return;
    const ext2_ino_t ino = new_inode(parent, mode);
    if (S_ISDIR(mode)) {
      with_room(parent, path, [&] { return ext2fs_mkdir(fs_, parent, ino, name.c_str()); });
      folders_[path] = ino;
    } else if (S_ISLNK(mode)) {
      with_room(parent, path, [&] {
        return ext2fs_symlink(fs_, parent, ino, name.c_str(), node.entry.target.c_str());
      });
    } else {
      make_inode(ino, node);
      with_room(parent, path, [&] {
        return ext2fs_link(fs_, parent, name.c_str(), ino, static_cast<int>(name_type(mode)));
      });
    }
    if (node.content) {
      files_[node.content.get()] = ino;
      write_content(ino, *node.content, path);
    }
    settle(ino, node, path);
  }

  void link_again(ext2_ino_t parent, const std::string& name, const std::string& path,
                  ext2_ino_t ino) {
    with_room(parent, path,
              [&] { return ext2fs_link(fs_, parent, name.c_str(), ino, EXT2_FT_REG_FILE); });
    ext2_inode_large inode = read_inode(ino, path);
    ++inode.i_links_count;
    write_inode(ino, inode, path);
  }

  void make_inode(ext2_ino_t ino, const Node& node) {
    const std::uint16_t mode = node_mode(node);
    ext2_inode inode{};
    inode.i_mode = mode;
    inode.i_links_count = 1;
    if (S_ISREG(mode)) {
      // Placing the blocks makes the tree of extents; an empty file has neither
      if (node.content->size > 0) inode.i_flags = EXT4_EXTENTS_FL;
    } else if (S_ISCHR(mode) || S_ISBLK(mode)) {
      const bool is_small = node.entry.device_major < 256 && node.entry.device_minor < 256;
      inode.i_block[is_small ? 0 : 1] = device_number(node);
    }
    ext2fs_inode_alloc_stats2(fs_, ino, +1, 0);
    check(ext2fs_write_new_inode(fs_, ino, &inode), "write an inode");
  }

  /// Places all of a file at once and writes past the library: its blocks are found by nobody else.
  void write_content(ext2_ino_t ino, const Content& content, const std::string& path) {
    if (content.size == 0) return;
    ext2_inode inode{};
    check(ext2fs_read_inode(fs_, ino, &inode), "read an inode");
    check(ext2fs_inode_size_set(fs_, &inode, static_cast<ext2_off64_t>(content.size)),
          fmt::format("the size of /{}", path));
    const std::uint64_t blocks = (content.size + kExt4Block - 1) / kExt4Block;
    check(ext2fs_fallocate(fs_, EXT2_FALLOCATE_FORCE_INIT, ino, &inode, ~0ULL, 0, blocks),
          fmt::format("find room for /{}", path));
    check(ext2fs_write_inode(fs_, ino, &inode), "write an inode");
    ext2_extent_handle_t handle = nullptr;
    check(ext2fs_extent_open2(fs_, ino, &inode, &handle), "read the extents");
    const std::unique_ptr<ext2_extent_handle, void (*)(ext2_extent_handle_t)> owner(
        handle, ext2fs_extent_free);
    ext2fs_extent extent{};
    errcode_t status = ext2fs_extent_get(handle, EXT2_EXTENT_ROOT, &extent);
    while (status == 0) {
      if ((extent.e_flags & EXT2_EXTENT_FLAGS_LEAF) != 0) write_extent(content, path, extent);
      status = ext2fs_extent_get(handle, EXT2_EXTENT_NEXT, &extent);
    }
    if (status != EXT2_ET_EXTENT_NO_NEXT) check(status, "read the extents");
  }

  void write_extent(const Content& content, const std::string& path, const ext2fs_extent& extent) {
    const std::uint64_t begin = extent.e_lblk * kExt4Block;
    const std::uint64_t end = std::min(content.size, begin + extent.e_len * kExt4Block);
    for (std::uint64_t at = begin; at < end; at += kExt4Part) {
      const std::uint64_t size = std::min(kExt4Part, end - at);
      disk_.write(offset_ + extent.e_pblk * kExt4Block + (at - begin),
                  read_content_part(content, path, at, size));
    }
  }

  ext2_inode_large read_inode(ext2_ino_t ino, const std::string& path) {
    ext2_inode_large inode{};
    check(ext2fs_read_inode_full(fs_, ino, reinterpret_cast<ext2_inode*>(&inode), sizeof inode),
          fmt::format("read the inode of /{}", path));
    return inode;
  }

  void write_inode(ext2_ino_t ino, ext2_inode_large& inode, const std::string& path) {
    check(ext2fs_write_inode_full(fs_, ino, reinterpret_cast<ext2_inode*>(&inode), sizeof inode),
          fmt::format("write the inode of /{}", path));
  }

  /// Owner, mode, times and attributes, whatever made the inode.
  void settle(ext2_ino_t ino, const Node& node, const std::string& path) {
    ext2_inode_large inode = read_inode(ino, path);
    inode.i_mode = node_mode(node);
    inode.i_uid = static_cast<__u16>(node.entry.uid);
    inode.i_gid = static_cast<__u16>(node.entry.gid);
    inode.osd2.linux2.l_i_uid_high = static_cast<__u16>(node.entry.uid >> 16);
    inode.osd2.linux2.l_i_gid_high = static_cast<__u16>(node.entry.gid >> 16);
    const auto seconds = static_cast<__u32>(options_.mtime);
    inode.i_atime = inode.i_ctime = inode.i_mtime = inode.i_crtime = seconds;
    inode.i_atime_extra = inode.i_ctime_extra = inode.i_mtime_extra = inode.i_crtime_extra =
        static_cast<__u32>(static_cast<std::uint64_t>(options_.mtime) >> 32 & 3);
    inode.i_generation = 0;
    inode.i_extra_isize = kExtraSize;
    write_inode(ino, inode, path);
    if (node.entry.xattrs.empty()) return;
    ext2_xattr_handle* handle = nullptr;
    check(ext2fs_xattrs_open(fs_, ino, &handle), fmt::format("attributes of /{}", path));
    const std::unique_ptr<ext2_xattr_handle, void (*)(ext2_xattr_handle*)> owner(
        handle, [](ext2_xattr_handle* h) { (void)ext2fs_xattrs_close(&h); });
    for (const auto& [name, value] : node.entry.xattrs)
      check(ext2fs_xattr_set(handle, name.c_str(), value.data(), value.size()),
            fmt::format("the attribute {} of /{}", name, path));
  }

  const Tree& tree_;
  const Ext4Options& options_;
  const std::uint64_t offset_;
  DiskFile& disk_;
  ext2_filsys fs_ = nullptr;
  std::map<std::string, ext2_ino_t> folders_;
  std::map<const Content*, ext2_ino_t> files_;
};

}  // namespace

void write_ext4(const Tree& tree, const Ext4Options& options, std::uint64_t offset,
                DiskFile& disk) {
  disk.resize(offset + options.size);
  Ext4Writer(tree, options, offset, disk).write();
}

}  // namespace kata::rootfs
