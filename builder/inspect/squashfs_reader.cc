// SPDX-License-Identifier: Apache-2.0
#include "builder/inspect/squashfs_reader.h"

#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <map>
#include <string_view>
#include <utility>
#include <vector>

#include "builder/inspect/image_bytes.h"
#include "builder/inspect/inode_walk.h"
#include "builder/inspect/squashfs_block.h"
#include "runtime/base/error.h"

namespace kata::inspect {
namespace {

constexpr std::size_t kMetaBlock = 8192;  ///< unpacked; tables are kept in such blocks
constexpr std::uint64_t kMetaPlain = 0x8000;
constexpr std::uint64_t kDataPlain = 1U << 24;
constexpr std::uint64_t kNothing = 0xffffffff;  ///< no fragment, no attributes
constexpr std::uint64_t kLargestFolder = std::uint64_t{64} << 20;
constexpr std::uint64_t kMaxAttributes = 10'000;
constexpr std::size_t kMetaKept = 256;

// Types of inodes
constexpr std::uint64_t kTypeFolder = 1;
constexpr std::uint64_t kTypeFile = 2;
constexpr std::uint64_t kTypeSymlink = 3;
constexpr std::uint64_t kTypeBlockDevice = 4;
constexpr std::uint64_t kTypeCharacterDevice = 5;
constexpr std::uint64_t kTypeFifo = 6;
constexpr std::uint64_t kTypeSocket = 7;
constexpr std::uint64_t kLonger = 7;  ///< added to a type: the one with more fields

/// A place in a table: the block's first byte from the table's start, and a byte in what it
/// unpacks to.
struct Place {
  std::uint64_t block = 0;
  std::uint64_t byte = 0;
  static Place of(std::uint64_t reference) noexcept {
    return {reference >> 16U, reference & 0xffffU};
  }
};

struct SquashfsInode : Inode {
  std::uint64_t start = 0;  ///< of a file's blocks, or a folder's block
  std::uint64_t fragment = kNothing;
  std::uint64_t offset = 0;  ///< in the fragment, or the folder's block
  std::uint64_t attributes = kNothing;
  Place behind;  ///< its fixed part: a file's block sizes, a link's target
};

class SquashfsReader : public InodeReader {
 public:
  SquashfsReader(const std::string& image, std::uint64_t offset) : disk_(image), offset_(offset) {
    const std::string super = disk_.need(offset, 96);
    block_size_ = little(super, 12, 4);
    fragments_ = little(super, 16, 4);
    compression_ = static_cast<SquashfsCompression>(little(super, 20, 2));
    ids_ = little(super, 26, 2);
    root_ = little(super, 32, 8);
    id_table_ = little(super, 48, 8);
    xattr_table_ = little(super, 56, 8);
    inode_table_ = little(super, 64, 8);
    folder_table_ = little(super, 72, 8);
    fragment_table_ = little(super, 80, 8);
    if (little(super, 28, 2) != 4 || little(super, 30, 2) != 0 || !is_known(compression_)) {
      throw_error(Code::unimplemented,
                  "read {}: its squashfs has a version or a compression that is not known here",
                  image);
    }
    if (block_size_ < 4096 || block_size_ > (1U << 20)) fail("the super block", "");
  }

  std::uint64_t root() override { return root_; }

  Inode inode(std::uint64_t number, const std::string& path) override {
    return stored(number, path);
  }

  std::vector<FolderName> names(std::uint64_t number, const std::string& path) override {
    const SquashfsInode inode = stored(number, path);
    std::vector<FolderName> names;
    if (!S_ISDIR(inode.mode) || inode.size > kLargestFolder) fail("the folder", path);
    if (inode.size < 3) return names;  // 3 stands for "." and ".."
    Place place{inode.start, inode.offset};
    for (std::uint64_t left = inode.size - 3; left > 0;) {
      const std::string header = take(folder_table_, place, 12, path);
      const std::uint64_t count = little(header, 0, 4) + 1;
      const std::uint64_t block = little(header, 4, 4);
      left -= std::min<std::uint64_t>(left, 12);
      if (count > 256) fail("the folder", path);
      for (std::uint64_t i = 0; i < count; ++i) {
        const std::string entry = take(folder_table_, place, 8, path);
        const std::uint64_t length = little(entry, 6, 2) + 1;
        if (length > 256 || left < 8 + length) fail("the folder", path);
        left -= 8 + length;
        names.push_back(
            {take(folder_table_, place, length, path), block << 16U | little(entry, 0, 2)});
      }
    }
    return names;
  }

  void read(std::uint64_t number, const std::string& path, const TakeBytes& take_bytes) override {
    const SquashfsInode inode = stored(number, path);
    const bool has_tail = inode.fragment != kNothing;
    const std::uint64_t blocks =
        inode.size / block_size_ + (!has_tail && inode.size % block_size_ != 0 ? 1U : 0U);
    Place sizes = inode.behind;
    std::uint64_t at = inode.start;
    std::uint64_t left = inode.size;
    for (std::uint64_t i = 0; i < blocks; ++i) {
      const std::uint64_t size = little(take(inode_table_, sizes, 4, path), 0, 4);
      const std::size_t length = static_cast<std::size_t>(std::min(left, block_size_));
      std::string bytes = size == 0 ? std::string(length, '\0') : data_block(at, size, path);
      if (bytes.size() != length) fail("a block", path);
      take_bytes(bytes);
      at += size & (kDataPlain - 1);
      left -= length;
    }
    if (left == 0) return;
    if (inode.fragment >= fragments_) fail("the last part", path);
    const std::string entry = table_entry(fragment_table_, inode.fragment, 16, path);
    const std::string bytes = data_block(little(entry, 0, 8), little(entry, 8, 4), path);
    if (inode.offset > bytes.size() || left > bytes.size() - inode.offset)
      fail("the last part", path);
    take_bytes(std::string_view(bytes).substr(inode.offset, left));
  }

  std::string target(std::uint64_t number, const std::string& path) override {
    SquashfsInode inode = stored(number, path);
    if (inode.size > kLongestPath) fail("the target", path);
    return take(inode_table_, inode.behind, inode.size, path);
  }

  std::map<std::string, std::string> xattrs(std::uint64_t number,
                                            const std::string& path) override {
    static constexpr std::array<const char*, 3> kBeginnings = {"user.", "trusted.", "security."};
    std::map<std::string, std::string> xattrs;
    const SquashfsInode inode = stored(number, path);
    if (inode.attributes == kNothing) return xattrs;
    if (xattr_table_ >= disk_.size()) fail("an attribute", path);
    const std::string header = disk_.need(offset_ + xattr_table_, 16);
    const std::uint64_t start = little(header, 0, 8);
    if (inode.attributes >= little(header, 8, 4)) fail("an attribute", path);
    const std::string entry = table_entry(xattr_table_ + 16, inode.attributes, 16, path);
    Place place = Place::of(little(entry, 0, 8));
    const std::uint64_t count = little(entry, 8, 4);
    if (count > kMaxAttributes) fail("an attribute", path);
    for (std::uint64_t i = 0; i < count; ++i) {
      const std::string head = take(start, place, 4, path);
      const std::uint64_t type = little(head, 0, 2);
      const std::string name = take(start, place, little(head, 2, 2), path);
      std::string value = take(start, place, little(take(start, place, 4, path), 0, 4), path);
      if ((type & 0x100U) != 0) {  // it is elsewhere, shared
        if (value.size() != 8) fail("an attribute", path);
        Place other = Place::of(little(value, 0, 8));
        value = take(start, other, little(take(start, other, 4, path), 0, 4), path);
      }
      if ((type & 0xffU) < kBeginnings.size())
        xattrs[kBeginnings[type & 0xffU] + name] = std::move(value);
    }
    return xattrs;
  }

 private:
  struct Meta {
    std::string bytes;
    std::uint64_t next = 0;  ///< where the next block of the table begins in the file system
  };

  [[noreturn]] void fail(const char* what, const std::string& path) const {
    disk_.fail_at(what, path);
  }

  const Meta& meta(std::uint64_t at, const std::string& path) {
    if (const auto known = metas_.find(at); known != metas_.end()) return known->second;
    if (at >= disk_.size()) fail("a table", path);
    const std::uint64_t head = little(disk_.need(offset_ + at, 2), 0, 2);
    const std::size_t size = head & (kMetaPlain - 1);
    if (size > kMetaBlock) fail("a table", path);
    std::string bytes = disk_.need(offset_ + at + 2, size);
    if ((head & kMetaPlain) == 0) {
      std::optional<std::string> unpacked = unpack_block(compression_, bytes, kMetaBlock);
      if (!unpacked) fail("a table", path);
      bytes = *std::move(unpacked);
    }
    if (metas_.size() >= kMetaKept) metas_.clear();
    return metas_[at] = {std::move(bytes), at + 2 + size};
  }

  /// The next bytes of a table, which may go on in its next blocks.
  std::string take(std::uint64_t table, Place& place, std::uint64_t count,
                   const std::string& path) {
    if (count > kLargestFolder || place.block > disk_.size() || table > disk_.size())
      fail("a table", path);
    std::string bytes;
    while (bytes.size() < count) {
      const Meta& block = meta(table + place.block, path);
      if (place.byte > block.bytes.size() || block.bytes.empty()) fail("a table", path);
      const std::size_t part = std::min<std::size_t>(static_cast<std::size_t>(count) - bytes.size(),
                                                     block.bytes.size() - place.byte);
      bytes.append(block.bytes, place.byte, part);
      place.byte += part;
      if (place.byte == block.bytes.size()) place = {block.next - table, 0};
    }
    return bytes;
  }

  /// One of the fixed-size entries of a table whose blocks are listed at `list`.
  std::string table_entry(std::uint64_t list, std::uint64_t index, std::size_t size,
                          const std::string& path) {
    const std::uint64_t byte = index * size;
    if (list >= disk_.size()) fail("a table", path);
    const std::string pointer = disk_.need(offset_ + list + byte / kMetaBlock * 8, 8);
    Place place{0, byte % kMetaBlock};
    return take(little(pointer, 0, 8), place, size, path);
  }

  std::string data_block(std::uint64_t at, std::uint64_t size, const std::string& path) const {
    const std::uint64_t length = size & (kDataPlain - 1);
    if (length > block_size_ || at >= disk_.size()) fail("a block", path);
    std::string bytes = disk_.need(offset_ + at, static_cast<std::size_t>(length));
    if ((size & kDataPlain) != 0) return bytes;
    std::optional<std::string> unpacked =
        unpack_block(compression_, bytes, static_cast<std::size_t>(block_size_));
    if (!unpacked) fail("a block", path);
    return *std::move(unpacked);
  }

  unsigned id(std::uint64_t index, const std::string& path) {
    if (index >= ids_) fail("the owner", path);
    return static_cast<unsigned>(little(table_entry(id_table_, index, 4, path), 0, 4));
  }

  SquashfsInode stored(std::uint64_t number, const std::string& path) {
    Place place = Place::of(number);
    const std::string head = take(inode_table_, place, 16, path);
    const std::uint64_t type = little(head, 0, 2);
    SquashfsInode inode;
    inode.mode = static_cast<unsigned>(little(head, 2, 2)) & 07777U;
    inode.uid = id(little(head, 4, 2), path);
    inode.gid = id(little(head, 6, 2), path);
    inode.mtime = static_cast<std::int32_t>(little(head, 8, 4));
    const auto more = [&](std::size_t count) { return take(inode_table_, place, count, path); };
    switch (type) {
      case kTypeFolder:
        fill_folder(more(16), inode);
        break;
      case kTypeFolder + kLonger:
        fill_long_folder(more(24), inode);
        break;
      case kTypeFile:
        fill_file(more(16), inode);
        break;
      case kTypeFile + kLonger:
        fill_long_file(more(40), inode);
        break;
      case kTypeSymlink:
      case kTypeSymlink + kLonger: {
        const std::string rest = more(8);
        inode.mode |= S_IFLNK;
        inode.links = little(rest, 0, 4);
        inode.size = little(rest, 4, 4);
        if (type == kTypeSymlink) break;
        if (inode.size > kLongestPath) fail("the target", path);
        Place behind = place;
        (void)take(inode_table_, behind, inode.size, path);
        inode.attributes = little(take(inode_table_, behind, 4, path), 0, 4);
        break;
      }
      default:
        fill_special(type, more, inode, path);
    }
    inode.behind = place;
    return inode;
  }

  static void fill_folder(const std::string& rest, SquashfsInode& inode) {
    inode.mode |= S_IFDIR;
    inode.start = little(rest, 0, 4);
    inode.links = little(rest, 4, 4);
    inode.size = little(rest, 8, 2);
    inode.offset = little(rest, 10, 2);
  }

  static void fill_long_folder(const std::string& rest, SquashfsInode& inode) {
    inode.mode |= S_IFDIR;
    inode.links = little(rest, 0, 4);
    inode.size = little(rest, 4, 4);
    inode.start = little(rest, 8, 4);
    inode.offset = little(rest, 18, 2);
    inode.attributes = little(rest, 20, 4);
  }

  static void fill_file(const std::string& rest, SquashfsInode& inode) {
    inode.mode |= S_IFREG;
    inode.start = little(rest, 0, 4);
    inode.fragment = little(rest, 4, 4);
    inode.offset = little(rest, 8, 4);
    inode.size = little(rest, 12, 4);
  }

  static void fill_long_file(const std::string& rest, SquashfsInode& inode) {
    inode.mode |= S_IFREG;
    inode.start = little(rest, 0, 8);
    inode.size = little(rest, 8, 8);
    inode.links = little(rest, 24, 4);
    inode.fragment = little(rest, 28, 4);
    inode.offset = little(rest, 32, 4);
    inode.attributes = little(rest, 36, 4);
  }

  template <typename More>
  void fill_special(std::uint64_t type, const More& more, SquashfsInode& inode,
                    const std::string& path) {
    const bool is_long = type > kLonger;
    const std::uint64_t plain = is_long ? type - kLonger : type;
    const bool is_device = plain == kTypeBlockDevice || plain == kTypeCharacterDevice;
    if (!is_device && plain != kTypeFifo && plain != kTypeSocket) fail("the kind", path);
    const std::string rest = more((is_device ? 8U : 4U) + (is_long ? 4U : 0U));
    inode.mode |= plain == kTypeBlockDevice       ? S_IFBLK
                  : plain == kTypeCharacterDevice ? S_IFCHR
                  : plain == kTypeFifo            ? S_IFIFO
                                                  : S_IFSOCK;
    inode.links = little(rest, 0, 4);
    if (is_long) inode.attributes = little(rest, rest.size() - 4, 4);
    if (!is_device) return;
    const std::uint64_t device = little(rest, 4, 4);
    inode.device_major = static_cast<unsigned>(device >> 8U & 0xfffU);
    inode.device_minor = static_cast<unsigned>((device & 0xffU) | (device >> 12U & 0xfff00U));
  }

  ImageBytes disk_;
  std::uint64_t offset_;
  std::uint64_t block_size_ = 0;
  std::uint64_t fragments_ = 0;
  SquashfsCompression compression_{};
  std::uint64_t ids_ = 0;
  std::uint64_t root_ = 0;
  std::uint64_t id_table_ = 0;
  std::uint64_t xattr_table_ = 0;
  std::uint64_t inode_table_ = 0;
  std::uint64_t folder_table_ = 0;
  std::uint64_t fragment_table_ = 0;
  std::map<std::uint64_t, Meta> metas_;  ///< by where they begin
};

}  // namespace

void read_squashfs(const std::string& image, std::uint64_t offset, ContentBuilder& builder) {
  SquashfsReader reader(image, offset);
  walk_inodes(image, reader, builder);
}

}  // namespace kata::inspect
