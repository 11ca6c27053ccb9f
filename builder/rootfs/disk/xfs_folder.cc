// SPDX-License-Identifier: Apache-2.0
#include "builder/rootfs/disk/xfs_folder.h"

#include <sys/stat.h>

#include <algorithm>
#include <utility>

#include "builder/rootfs/disk/node_mode.h"
#include "runtime/base/error.h"

namespace kata::rootfs {
namespace {

constexpr std::size_t kFolderHeader = 64;  // of every kind of block
constexpr std::uint64_t kIndexBlock = (std::uint64_t{1} << 35) / kXfsBlock;
constexpr std::uint64_t kFreeBlock = 2 * kIndexBlock;
constexpr std::size_t kIndexEntries = (kXfsBlock - kFolderHeader) / 8;
constexpr std::size_t kFreeEntries = (kXfsBlock - kFolderHeader) / 2;
constexpr unsigned kOneLeafMagic = 0x3df1;
constexpr unsigned kFolderLeafMagic = 0x3dff;
constexpr unsigned kFolderNodeMagic = 0x3ebe;
constexpr std::uint64_t kFreeTag = 0xffff;

std::size_t entry_size(const XfsName& name) noexcept {
  return (8 + 1 + name.name.size() + 1 + 2 + 7) / 8 * 8;
}

/// Where a name is: by its hash, then by its place.
using IndexEntry = std::pair<std::uint32_t, std::uint32_t>;

/// Names in a block, the bytes behind them free.
struct NamesBlock {
  std::string bytes = std::string(kFolderHeader, '\0');
  std::size_t free = 0;
};

class FolderWriter {
 public:
  FolderWriter(XfsVolume& volume, std::uint64_t inode, std::uint64_t parent)
      : volume_(volume), inode_(inode), parent_(parent) {}

  XfsFolder write(const std::vector<XfsName>& names, std::size_t room) {
    if (in_inode_size(names) <= room) return in_inode(names);
    all_ = {{".", inode_, name_type(S_IFDIR)}, {"..", parent_, name_type(S_IFDIR)}};
    all_.insert(all_.end(), names.begin(), names.end());
    std::size_t size = kFolderHeader;
    for (const XfsName& name : all_) size += entry_size(name);
    if (size + 8 * all_.size() + 8 <= kXfsBlock) return in_one_block();
    write_data();
    if (kFolderHeader + 8 * index_.size() + 2 * bests_.size() + 4 <= kXfsBlock)
      write_one_leaf();
    else
      write_tree();
    return std::move(folder_);
  }

 private:
  static std::size_t in_inode_size(const std::vector<XfsName>& names) {
    std::size_t size = 6;
    for (const XfsName& name : names) size += 3 + name.name.size() + 1 + 4;
    return names.size() > 255 ? kXfsBlock : size;
  }

  XfsFolder in_inode(const std::vector<XfsName>& names) {
    std::string& bytes = folder_.fork.literal;
    append_big_endian(bytes, names.size(), 1);
    append_big_endian(bytes, 0, 1);  // no inode's number has more than 32 bits
    append_big_endian(bytes, parent_, 4);
    std::size_t place =
        kFolderHeader + 16 + 16;  // where it would be in a block, behind "." and ".."
    for (const XfsName& name : names) {
      append_big_endian(bytes, name.name.size(), 1);
      append_big_endian(bytes, place, 2);
      bytes += name.name;
      append_big_endian(bytes, name.type, 1);
      append_big_endian(bytes, name.inode, 4);
      place += entry_size(name);
    }
    folder_.fork.format = kXfsLocal;
    folder_.size = bytes.size();
    return std::move(folder_);
  }

  /// Appends to a block, the `number`th of the folder, and to the index.
  void add(const XfsName& name, std::uint64_t number, std::string& block) {
    const std::size_t at = block.size();
    append_big_endian(block, name.inode, 8);
    append_big_endian(block, name.name.size(), 1);
    block += name.name;
    append_big_endian(block, name.type, 1);
    block.resize(at + entry_size(name) - 2);
    append_big_endian(block, at, 2);
    index_.emplace_back(xfs_name_hash(name.name),
                        static_cast<std::uint32_t>((number * kXfsBlock + at) / 8));
  }

  /// Marks what is free from the block's last name on to `end`; how much it is.
  static std::size_t mark_free(std::string& block, std::size_t end) {
    const std::size_t at = block.size();
    const std::size_t size = end - at;
    if (size == 0) return 0;
    append_big_endian(block, kFreeTag, 2);
    append_big_endian(block, size, 2);
    block.resize(end - 2);
    append_big_endian(block, at, 2);
    put_big_endian(block, 48, at, 2);  // the largest of its free places
    put_big_endian(block, 50, size, 2);
    return size;
  }

  void write_named(const char* magic, const XfsPlace& place, std::string block) {
    block.replace(0, 48, xfs_data_header(volume_, magic, place, inode_));
    write_block(volume_, place, sealed(std::move(block), kXfsBlock, kXfsDataSum));
  }

  XfsFolder in_one_block() {
    std::string block(kFolderHeader, '\0');
    for (const XfsName& name : all_) add(name, 0, block);
    std::sort(index_.begin(), index_.end());
    (void)mark_free(block, kXfsBlock - 8 - 8 * all_.size());
    append_index(block, 0, index_.size());
    append_big_endian(block, all_.size(), 4);
    append_big_endian(block, 0, 4);
    const XfsPlace place = extend_fork(volume_, folder_.fork, 0, 1).front();
    write_named("XDB3", place, std::move(block));
    folder_.size = kXfsBlock;
    return std::move(folder_);
  }

  void write_data() {
    std::vector<NamesBlock> blocks(1);
    for (const XfsName& name : all_) {
      if (blocks.back().bytes.size() + entry_size(name) > kXfsBlock) blocks.emplace_back();
      add(name, blocks.size() - 1, blocks.back().bytes);
    }
    std::sort(index_.begin(), index_.end());
    const std::vector<XfsPlace> places = extend_fork(volume_, folder_.fork, 0, blocks.size());
    for (std::size_t i = 0; i < blocks.size(); ++i) {
      bests_.push_back(mark_free(blocks[i].bytes, kXfsBlock));
      write_named("XDD3", places[i], std::move(blocks[i].bytes));
    }
    folder_.size = blocks.size() * kXfsBlock;
  }

  void append_index(std::string& block, std::size_t begin, std::size_t end) const {
    for (std::size_t i = begin; i < end; ++i) {
      append_big_endian(block, index_[i].first, 4);
      append_big_endian(block, index_[i].second, 4);
    }
  }

  void write_leaf(unsigned magic, const XfsPlace& place, std::size_t begin, std::size_t end,
                  std::uint64_t next, std::uint64_t before, const std::string& tail) {
    std::string block = xfs_index_header(volume_, magic, place, inode_, next, before);
    append_big_endian(block, end - begin, 2);
    append_big_endian(block, 0, 2 + 4);
    append_index(block, begin, end);
    block.resize(kXfsBlock - tail.size());
    write_block(volume_, place, sealed(block + tail, kXfsBlock, kXfsIndexSum));
  }

  void write_one_leaf() {
    std::string tail;
    for (const std::size_t best : bests_) append_big_endian(tail, best, 2);
    append_big_endian(tail, bests_.size(), 4);
    const XfsPlace place = extend_fork(volume_, folder_.fork, kIndexBlock, 1).front();
    write_leaf(kOneLeafMagic, place, 0, index_.size(), 0, 0, tail);
  }

  void write_tree() {
    const std::size_t leaves = (index_.size() + kIndexEntries - 1) / kIndexEntries;
    if (leaves > kIndexEntries)
      throw_error(Code::resource_exhausted, "a folder with {} names is too large for an XFS image",
                  index_.size());
    const std::vector<XfsPlace> places =
        extend_fork(volume_, folder_.fork, kIndexBlock, 1 + leaves);
    std::string node = xfs_index_header(volume_, kFolderNodeMagic, places[0], inode_);
    append_big_endian(node, leaves, 2);
    append_big_endian(node, 1, 2);  // level
    append_big_endian(node, 0, 4);
    for (std::size_t i = 0; i < leaves; ++i) {
      const std::size_t begin = i * kIndexEntries;
      const std::size_t end = std::min(begin + kIndexEntries, index_.size());
      const std::uint64_t number = kIndexBlock + 1 + i;
      write_leaf(kFolderLeafMagic, places[1 + i], begin, end, i + 1 < leaves ? number + 1 : 0,
                 i > 0 ? number - 1 : 0, "");
      append_big_endian(node, index_[end - 1].first, 4);
      append_big_endian(node, number, 4);
    }
    write_block(volume_, places[0], sealed(std::move(node), kXfsBlock, kXfsIndexSum));
    write_free_index();
  }

  /// How much is free in each block of names.
  void write_free_index() {
    const std::size_t blocks = (bests_.size() + kFreeEntries - 1) / kFreeEntries;
    const std::vector<XfsPlace> places = extend_fork(volume_, folder_.fork, kFreeBlock, blocks);
    for (std::size_t i = 0; i < blocks; ++i) {
      const std::size_t begin = i * kFreeEntries;
      const std::size_t end = std::min(begin + kFreeEntries, bests_.size());
      std::string block = xfs_data_header(volume_, "XDF3", places[i], inode_);
      append_big_endian(block, begin, 4);
      append_big_endian(block, end - begin, 4);  // there
      append_big_endian(block, end - begin, 4);  // in use
      append_big_endian(block, 0, 4);
      for (std::size_t best = begin; best < end; ++best) append_big_endian(block, bests_[best], 2);
      write_block(volume_, places[i], sealed(std::move(block), kXfsBlock, kXfsDataSum));
    }
  }

  XfsVolume& volume_;
  std::uint64_t inode_;
  std::uint64_t parent_;
  std::vector<XfsName> all_;
  std::vector<IndexEntry> index_;
  std::vector<std::size_t> bests_;
  XfsFolder folder_;
};

}  // namespace

XfsFolder write_xfs_folder(XfsVolume& volume, std::uint64_t inode, std::uint64_t parent,
                           const std::vector<XfsName>& names, std::size_t room) {
  return FolderWriter(volume, inode, parent).write(names, room);
}

}  // namespace kata::rootfs
