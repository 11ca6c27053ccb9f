// SPDX-License-Identifier: Apache-2.0
#include "builder/inspect/erofs_reader.h"

#include <lz4.h>
#include <sys/stat.h>

#include <algorithm>
#include <map>
#include <utility>
#include <vector>

#include "builder/inspect/image_bytes.h"
#include "builder/inspect/inode_walk.h"
#include "builder/pipeline/interrupt.h"
#include "runtime/base/error.h"
#include "runtime/base/foreign_text.h"

namespace kata::inspect {
namespace {

constexpr std::uint64_t kBlock = 4096;
constexpr std::uint64_t kErofsMaxFolder = std::uint64_t{64} << 20;
constexpr std::uint64_t kMaxExtent = std::uint64_t{16} << 20;
constexpr std::uint64_t kEntry = 12;        ///< of a folder
constexpr std::uint64_t kXattrHeader = 12;  ///< behind an inode
constexpr std::uint64_t kIndexHeader = 16;
constexpr std::uint64_t kBlockCountFlag = 0x800;

// How an inode's bytes are kept
constexpr std::uint64_t kPlain = 0;
constexpr std::uint64_t kCompressed = 1;
constexpr std::uint64_t kTailInline = 2;
// What a part of a compressed file begins with
constexpr std::uint64_t kStored = 0;
constexpr std::uint64_t kHead = 1;
constexpr std::uint64_t kInner = 2;

struct ErofsInode : Inode {
  std::uint64_t layout = 0;
  std::uint32_t place = 0;
  std::uint64_t xattrs = 0;  ///< where they are
  std::uint64_t xattr_size = 0;
  [[nodiscard]] std::uint64_t behind() const noexcept { return xattrs + xattr_size; }
};

class ErofsReader : public InodeReader {
 public:
  ErofsReader(const std::string& image, std::uint64_t offset) : disk_(image), offset_(offset) {
    const std::string super = disk_.need(offset + 1024, 128);
    if (little(super, 12, 1) != 12) {
      throw_error(Code::unimplemented, "read {}: its erofs has blocks of another size than 4096",
                  image);
    }
    root_ = little(super, 14, 2);
    time_ = static_cast<std::int64_t>(little(super, 24, 8));
    meta_ = little(super, 40, 4) * kBlock;
    shared_ = little(super, 44, 4) * kBlock;
  }

  std::uint64_t root() override { return root_; }

  Inode inode(std::uint64_t number, const std::string& path) override {
    return read_inode(number, path);
  }

  std::vector<FolderName> names(std::uint64_t number, const std::string& path) override {
    const ErofsInode inode = read_inode(number, path);
    if (!S_ISDIR(inode.mode) || inode.size > kErofsMaxFolder) fail("the folder", path);
    std::string bytes;
    read_bytes(inode, path, [&](std::string_view part) { bytes += part; });
    std::vector<FolderName> names;
    for (std::size_t from = 0; from < bytes.size(); from += kBlock)
      read_names(std::string_view(bytes).substr(from, kBlock), path, names);
    return names;
  }

  void read(std::uint64_t number, const std::string& path, const TakeBytes& take) override {
    read_bytes(read_inode(number, path), path, take);
  }

  std::string target(std::uint64_t number, const std::string& path) override {
    std::string target;
    read(number, path, [&](std::string_view part) { target += part; });
    return target;
  }

  std::map<std::string, std::string> xattrs(std::uint64_t number,
                                            const std::string& path) override {
    const ErofsInode inode = read_inode(number, path);
    std::map<std::string, std::string> xattrs;
    if (inode.xattr_size == 0) return xattrs;
    const std::string bytes = disk_.need(offset_ + inode.xattrs, inode.xattr_size);
    const std::uint64_t count = little(bytes, 4, 1);
    std::size_t at = kXattrHeader + 4 * count;
    if (at > bytes.size()) fail("an attribute", path);
    for (std::uint64_t i = 0; i < count; ++i) {
      const std::uint64_t place = shared_ + 4 * little(bytes, kXattrHeader + 4 * i, 4);
      std::size_t begin = 0;
      take_xattr(disk_.read(offset_ + place, 4 + 255 + 65535), begin, path, xattrs);
    }
    while (at + 4 <= bytes.size()) take_xattr(bytes, at, path, xattrs);
    return xattrs;
  }

 private:
  [[noreturn]] void fail(const char* what, const std::string& path) const {
    disk_.fail_at(what, path);
  }

  [[nodiscard]] ErofsInode read_inode(std::uint64_t number, const std::string& path) const {
    if (number > disk_.size()) fail("the inode", path);
    const std::uint64_t place = meta_ + number * 32;
    const std::string bytes = disk_.read(offset_ + place, 64);
    if (bytes.size() < 32) fail("the inode", path);
    ErofsInode inode;
    const std::uint64_t format = little(bytes, 0, 2);
    const bool is_long = (format & 1U) != 0;
    if (is_long && bytes.size() < 64) fail("the inode", path);
    inode.layout = format >> 1U & 7U;
    inode.mode = static_cast<unsigned>(little(bytes, 4, 2));
    inode.size = little(bytes, 8, is_long ? 8 : 4);
    inode.place = static_cast<std::uint32_t>(little(bytes, 16, 4));
    inode.uid = static_cast<unsigned>(little(bytes, 24, is_long ? 4 : 2));
    inode.gid = static_cast<unsigned>(little(bytes, is_long ? 28 : 26, is_long ? 4 : 2));
    inode.links = is_long ? little(bytes, 44, 4) : little(bytes, 6, 2);
    inode.mtime = is_long ? static_cast<std::int64_t>(little(bytes, 32, 8)) : time_;
    inode.device_major = inode.place >> 8U & 0xfffU;
    inode.device_minor = (inode.place & 0xffU) | (inode.place >> 12U & 0xfff00U);
    const std::uint64_t slots = little(bytes, 2, 2);
    inode.xattrs = place + (is_long ? 64 : 32);
    inode.xattr_size = slots == 0 ? 0 : kXattrHeader + (slots - 1) * 4;
    return inode;
  }

  /// One block of a folder: entries, then their names.
  void read_names(std::string_view block, const std::string& path,
                  std::vector<FolderName>& names) const {
    if (block.size() < kEntry) fail("the folder", path);
    const std::uint64_t first = little(block, 8, 2);
    if (first % kEntry != 0 || first == 0 || first > block.size()) fail("the folder", path);
    const std::uint64_t count = first / kEntry;
    for (std::uint64_t i = 0; i < count; ++i) {
      const std::uint64_t begin = little(block, i * kEntry + 8, 2);
      const std::uint64_t end =
          i + 1 < count ? little(block, (i + 1) * kEntry + 8, 2) : block.size();
      if (begin > end || end > block.size()) fail("the folder", path);
      std::string name(block.substr(begin, end - begin));
      name.resize(std::min(name.size(), name.find('\0')));
      names.push_back({std::move(name), little(block, i * kEntry, 8)});
    }
  }

  void take_xattr(std::string_view bytes, std::size_t& at, const std::string& path,
                  std::map<std::string, std::string>& xattrs) const {
    static const std::map<std::uint64_t, std::string> kBeginnings = {
        {1, "user."},
        {2, "system.posix_acl_access"},
        {3, "system.posix_acl_default"},
        {4, "trusted."},
        {6, "security."}};
    if (at + 4 > bytes.size()) fail("an attribute", path);
    const std::uint64_t name = little(bytes, at, 1);
    const std::uint64_t value = little(bytes, at + 2, 2);
    if (at + 4 + name + value > bytes.size()) fail("an attribute", path);
    const auto beginning = kBeginnings.find(little(bytes, at + 1, 1));
    if (beginning != kBeginnings.end()) {
      xattrs[beginning->second + std::string(bytes.substr(at + 4, name))] =
          bytes.substr(at + 4 + name, value);
    }
    at += (4 + name + value + 3) & ~std::size_t{3};
  }

  void read_bytes(const ErofsInode& inode, const std::string& path, const TakeBytes& take) const {
    if (inode.layout == kCompressed) return read_compressed(inode, path, take);
    if (inode.layout != kPlain && inode.layout != kTailInline) {
      throw_error(Code::unimplemented, "read {}: /{} is stored in a way of erofs not known here",
                  disk_.path(), foreign_line(path, 200));
    }
    const std::uint64_t blocks = inode.layout == kPlain ? inode.size : inode.size / kBlock * kBlock;
    read_range(std::uint64_t{inode.place} * kBlock, blocks, take);
    if (blocks < inode.size) read_range(inode.behind(), inode.size - blocks, take);
  }

  void read_range(std::uint64_t from, std::uint64_t size, const TakeBytes& take) const {
    constexpr std::uint64_t kPart = 1U << 18;
    for (std::uint64_t done = 0; done < size; done += kPart) {
      pipeline::throw_if_interrupted();
      take(disk_.need(offset_ + from + done,
                      static_cast<std::size_t>(std::min(kPart, size - done))));
    }
  }

  struct Extent {
    std::uint64_t begin = 0;  ///< in the file
    std::uint64_t block = 0;
    std::uint64_t blocks = 1;
    bool is_compressed = false;
  };

  void read_compressed(const ErofsInode& inode, const std::string& path,
                       const TakeBytes& take) const {
    const std::uint64_t clusters = (inode.size + kBlock - 1) / kBlock;
    const std::uint64_t place = (inode.behind() + 7) / 8 * 8;
    if (clusters > disk_.size()) fail("the index", path);
    const std::string index =
        disk_.need(offset_ + place, static_cast<std::size_t>(kIndexHeader + clusters * 8));
    if ((little(index, 6, 1) & 0xfU) != 0 || (little(index, 7, 1) & 7U) != 0) {
      throw_error(Code::unimplemented, "read {}: /{} is compressed in a way not known here",
                  disk_.path(), foreign_line(path, 200));
    }
    std::vector<Extent> extents;
    for (std::uint64_t i = 0; i < clusters; ++i) {
      const std::size_t at = static_cast<std::size_t>(kIndexHeader + i * 8);
      const std::uint64_t type = little(index, at, 2) & 3U;
      if (type == kInner) {
        const std::uint64_t back = little(index, at + 4, 2);
        if (extents.empty()) fail("the index", path);
        if ((back & kBlockCountFlag) != 0) extents.back().blocks = back & (kBlockCountFlag - 1);
      } else if (type == kStored || type == kHead) {
        extents.push_back(
            {i * kBlock + little(index, at + 2, 2), little(index, at + 4, 4), 1, type == kHead});
      } else {
        throw_error(Code::unimplemented, "read {}: /{} is compressed in a way not known here",
                    disk_.path(), foreign_line(path, 200));
      }
    }
    if (!extents.empty() && extents.front().begin != 0) fail("the index", path);
    for (std::size_t i = 0; i < extents.size(); ++i) {
      const std::uint64_t end =
          std::min(i + 1 < extents.size() ? extents[i + 1].begin : inode.size, inode.size);
      if (extents[i].begin >= inode.size) break;  // where the last one ends
      if (end < extents[i].begin || end - extents[i].begin > kMaxExtent) fail("the index", path);
      take(extent_bytes(extents[i], end - extents[i].begin, path));
    }
  }

  [[nodiscard]] std::string extent_bytes(const Extent& extent, std::uint64_t length,
                                         const std::string& path) const {
    pipeline::throw_if_interrupted();
    if (extent.blocks * kBlock > kMaxExtent || extent.block > disk_.size() / kBlock)
      fail("the index", path);
    const std::string bytes = disk_.need(offset_ + extent.block * kBlock,
                                         static_cast<std::size_t>(extent.blocks * kBlock));
    if (!extent.is_compressed) {
      if (length > bytes.size()) fail("the index", path);
      return bytes.substr(0, static_cast<std::size_t>(length));
    }
    // compressed data stands at the end of its blocks, zeros before it
    const std::size_t begin = std::min(bytes.find_first_not_of('\0'), bytes.size());
    std::string plain_bytes(static_cast<std::size_t>(length), '\0');
    const int count = LZ4_decompress_safe_partial(
        bytes.data() + begin, plain_bytes.data(), static_cast<int>(bytes.size() - begin),
        static_cast<int>(length), static_cast<int>(length));
    if (count < 0 || static_cast<std::uint64_t>(count) != length) fail("the compressed data", path);
    return plain_bytes;
  }

  ImageBytes disk_;
  std::uint64_t offset_;
  std::uint64_t root_ = 0;
  std::int64_t time_ = 0;
  std::uint64_t meta_ = 0;
  std::uint64_t shared_ = 0;
};

}  // namespace

void read_erofs(const std::string& image, std::uint64_t offset, ContentBuilder& builder) {
  ErofsReader reader(image, offset);
  walk_inodes(image, reader, builder);
}

}  // namespace kata::inspect
