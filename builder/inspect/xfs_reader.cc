// SPDX-License-Identifier: Apache-2.0
#include "builder/inspect/xfs_reader.h"

#include <sys/stat.h>

#include <algorithm>
#include <map>
#include <string_view>
#include <utility>
#include <vector>

#include "builder/inspect/inode_walk.h"
#include "builder/inspect/xfs_extents.h"
#include "runtime/base/error.h"

namespace kata::inspect {
namespace {

constexpr std::uint64_t kCore = 176;  ///< an inode's fixed part
constexpr std::uint64_t kFolderHeader = 64;
constexpr std::uint64_t kFolderData = std::uint64_t{1} << 35U;  ///< indexes are from here on
constexpr std::uint64_t kBlockHeader = 56;                      ///< of remote links and values
constexpr std::uint64_t kLeafHeader = 80;
constexpr std::uint64_t kAttributeLeaf = 0x3bee;
constexpr std::uint64_t kXfsMaxFolder = std::uint64_t{64} << 20;
constexpr std::uint64_t kMaxValue = 65536;
constexpr std::size_t kXfsPart = 1U << 18;

// Flags of an attribute
constexpr std::uint64_t kLocalValue = 1;
constexpr std::uint64_t kTrusted = 2;
constexpr std::uint64_t kSecurity = 4;
constexpr std::uint64_t kIncomplete = 0x80;

class XfsReader : public InodeReader {
 public:
  XfsReader(const std::string& image, std::uint64_t offset) : volume_(image, offset) {}

  std::uint64_t root() override { return volume_.root(); }

  Inode inode(std::uint64_t number, const std::string& path) override {
    const std::string core = volume_.inode(number, path);
    Inode inode{.mode = static_cast<unsigned>(big(core, 2, 2)),
                .uid = static_cast<unsigned>(big(core, 8, 4)),
                .gid = static_cast<unsigned>(big(core, 12, 4)),
                .mtime = time_of(core, 40),
                .size = big(core, 56, 8),
                .links = big(core, 16, 4)};
    if (big(core, 5, 1) == kXfsDevice) {
      const std::uint64_t device = big(core, kCore, 4);
      inode.device_major = static_cast<unsigned>(device >> 18U & 0x3fffU);
      inode.device_minor = static_cast<unsigned>(device & 0x3ffffU);
    }
    return inode;
  }

  std::vector<FolderName> names(std::uint64_t number, const std::string& path) override {
    const std::string core = volume_.inode(number, path);
    const XfsFork fork = data_fork(core, path);
    std::vector<FolderName> names;
    if ((big(core, 2, 2) & S_IFMT) != S_IFDIR) volume_.fail("the folder", path);
    if (fork.format == kXfsLocal) {
      read_short_folder(fork.literal, path, names);
      return names;
    }
    const std::uint64_t size = volume_.folder_block_size();
    const std::uint64_t blocks = size / volume_.block_size();
    std::string bytes;
    for (const XfsExtent& extent : volume_.extents(fork, path)) {
      if (extent.begin * volume_.block_size() >= kFolderData) break;
      for (std::uint64_t i = 0; i < extent.count; ++i) {
        bytes += volume_.bytes(extent.block + i, 0, volume_.block_size(), path);
        if ((extent.begin + i + 1) % blocks != 0) continue;
        if (bytes.size() != size) volume_.fail("the folder", path);
        read_folder_block(bytes, path, names);
        bytes.clear();
        if (names.size() > kXfsMaxFolder / 16) volume_.fail("the folder", path);
      }
    }
    return names;
  }

  void read(std::uint64_t number, const std::string& path, const TakeBytes& take) override {
    const std::string core = volume_.inode(number, path);
    const XfsFork fork = data_fork(core, path);
    const std::uint64_t size = big(core, 56, 8);
    if (size > kLargest) volume_.fail("the size", path);
    std::uint64_t done = 0;
    const auto zeros = [&](std::uint64_t end) {
      for (const std::string part(kXfsPart, '\0'); done < end;) {
        const auto count = static_cast<std::size_t>(std::min<std::uint64_t>(kXfsPart, end - done));
        take(std::string_view(part).substr(0, count));
        done += count;
      }
    };
    for (const XfsExtent& extent : volume_.extents(fork, path)) {
      const std::uint64_t begin = extent.begin * volume_.block_size();
      if (begin >= size) break;
      zeros(begin);
      const std::uint64_t end = std::min(size, begin + extent.count * volume_.block_size());
      if (extent.is_unwritten) zeros(end);
      for (std::uint64_t from = 0; done < end; from = done - begin) {
        const auto count = static_cast<std::size_t>(std::min<std::uint64_t>(kXfsPart, end - done));
        take(volume_.bytes(extent.block, from, count, path));
        done += count;
      }
    }
    zeros(size);
  }

  std::string target(std::uint64_t number, const std::string& path) override {
    const std::string core = volume_.inode(number, path);
    const XfsFork fork = data_fork(core, path);
    const std::uint64_t size = big(core, 56, 8);
    std::string target;
    if (fork.format == kXfsLocal)
      target = fork.literal.substr(0, size);
    else
      target = remote(volume_.extents(fork, path), 0, size, "XSLM", path);
    if (target.size() != size) volume_.fail("the target", path);
    return target;
  }

  std::map<std::string, std::string> xattrs(std::uint64_t number,
                                            const std::string& path) override {
    std::map<std::string, std::string> xattrs;
    const XfsFork fork = attribute_fork(volume_.inode(number, path), path);
    if (fork.literal.empty()) return xattrs;
    if (fork.format == kXfsLocal) {
      read_short_attributes(fork.literal, path, xattrs);
      return xattrs;
    }
    const std::vector<XfsExtent> extents = volume_.extents(fork, path);
    std::uint64_t total = 0;
    for (const XfsExtent& extent : extents) {
      total += extent.count;
      if (total * volume_.block_size() > kXfsMaxFolder) volume_.fail("an attribute", path);
      for (std::uint64_t i = 0; i < extent.count; ++i) {
        const std::string block = volume_.bytes(extent.block + i, 0, volume_.block_size(), path);
        if (big(block, 8, 2) == kAttributeLeaf && !block.starts_with("XARM"))
          read_leaf(block, extents, path, xattrs);
      }
    }
    return xattrs;
  }

 private:
  static constexpr std::uint64_t kLargest = std::uint64_t{1} << 50;

  /// Seconds; nanoseconds since 1901 when the inode has big times.
  static std::int64_t time_of(const std::string& core, std::size_t at) {
    constexpr std::uint64_t kBigTimes = 8;
    constexpr std::int64_t kEpoch = std::int64_t{1} << 31;
    if ((big(core, 120, 8) & kBigTimes) == 0)
      return static_cast<std::int32_t>(static_cast<std::uint32_t>(big(core, at, 4)));
    return static_cast<std::int64_t>(big(core, at, 8) / 1'000'000'000) - kEpoch;
  }

  static bool has_large_counts(const std::string& core) {
    constexpr std::uint64_t kLargeCounts = 16;
    return (big(core, 120, 8) & kLargeCounts) != 0;
  }

  [[nodiscard]] XfsFork data_fork(const std::string& core, const std::string& path) const {
    const std::uint64_t end = big(core, 82, 1) * 8;
    if (kCore + end > core.size()) volume_.fail("the inode", path);
    return {.format = big(core, 5, 1),
            .literal = end == 0 ? core.substr(kCore) : core.substr(kCore, end),
            .extents = has_large_counts(core) ? big(core, 24, 8) : big(core, 76, 4)};
  }

  [[nodiscard]] XfsFork attribute_fork(const std::string& core, const std::string& path) const {
    const std::uint64_t begin = big(core, 82, 1) * 8;
    if (kCore + begin > core.size()) volume_.fail("the inode", path);
    if (begin == 0) return {};
    return {.format = big(core, 83, 1),
            .literal = core.substr(kCore + begin),
            .extents = has_large_counts(core) ? big(core, 76, 4) : big(core, 80, 2)};
  }

  /// The few names that fit into an inode.
  void read_short_folder(const std::string& bytes, const std::string& path,
                         std::vector<FolderName>& names) const {
    const std::uint64_t count = big(bytes, 0, 1);
    const std::size_t width = big(bytes, 1, 1) != 0 ? 8 : 4;
    std::size_t at = 2 + width;  // behind the parent
    for (std::uint64_t i = 0; i < count; ++i) {
      if (at + 3 > bytes.size()) volume_.fail("the folder", path);
      const std::uint64_t length = big(bytes, at, 1);
      if (at + 3 + length + 1 + width > bytes.size()) volume_.fail("the folder", path);
      names.push_back({bytes.substr(at + 3, length), big(bytes, at + 3 + length + 1, width)});
      at += 3 + length + 1 + width;
    }
  }

  void read_folder_block(const std::string& bytes, const std::string& path,
                         std::vector<FolderName>& names) const {
    const bool is_only = bytes.starts_with("XDB3");  // its index is at its end
    if (!is_only && !bytes.starts_with("XDD3")) volume_.fail("the folder", path);
    std::size_t end = bytes.size();
    if (is_only) {
      const std::uint64_t count = big(bytes, end - 8, 4);
      if (count > (end - 8 - kFolderHeader) / 8) volume_.fail("the folder", path);
      end -= 8 + count * 8;
    }
    for (std::size_t at = kFolderHeader; at < end;) {
      std::size_t size = 0;
      if (at + 4 > end) volume_.fail("the folder", path);
      if (big(bytes, at, 2) == 0xffff) {  // free
        size = big(bytes, at + 2, 2);
      } else {
        if (at + 16 > end) volume_.fail("the folder", path);
        const std::uint64_t length = big(bytes, at + 8, 1);
        size = (8 + 1 + length + 1 + 2 + 7) / 8 * 8;
        if (at + size > end) volume_.fail("the folder", path);
        names.push_back({bytes.substr(at + 9, length), big(bytes, at, 8)});
      }
      if (size == 0 || size % 8 != 0) volume_.fail("the folder", path);
      at += size;
    }
  }

  static std::string beginning_of(std::uint64_t flags) {
    if ((flags & kTrusted) != 0) return "trusted.";
    return (flags & kSecurity) != 0 ? "security." : "user.";
  }

  void read_short_attributes(const std::string& bytes, const std::string& path,
                             std::map<std::string, std::string>& xattrs) const {
    if (bytes.size() < 4) volume_.fail("an attribute", path);
    const std::uint64_t count = big(bytes, 2, 1);
    std::size_t at = 4;
    for (std::uint64_t i = 0; i < count; ++i) {
      if (at + 3 > bytes.size()) volume_.fail("an attribute", path);
      const std::uint64_t name = big(bytes, at, 1);
      const std::uint64_t value = big(bytes, at + 1, 1);
      if (at + 3 + name + value > bytes.size()) volume_.fail("an attribute", path);
      xattrs[beginning_of(big(bytes, at + 2, 1)) + bytes.substr(at + 3, name)] =
          bytes.substr(at + 3 + name, value);
      at += 3 + name + value;
    }
  }

  void read_leaf(const std::string& block, const std::vector<XfsExtent>& extents,
                 const std::string& path, std::map<std::string, std::string>& xattrs) const {
    const std::uint64_t count = big(block, kBlockHeader, 2);
    if (count > (block.size() - kLeafHeader) / 8) volume_.fail("an attribute", path);
    for (std::uint64_t i = 0; i < count; ++i) {
      const std::size_t at = big(block, kLeafHeader + i * 8 + 4, 2);
      const std::uint64_t flags = big(block, kLeafHeader + i * 8 + 6, 1);
      if ((flags & kIncomplete) != 0) continue;
      if (at + 9 > block.size()) volume_.fail("an attribute", path);
      const bool is_local = (flags & kLocalValue) != 0;
      const std::size_t head = is_local ? 3 : 9;
      const std::uint64_t length = big(block, at + head - 1, 1);
      const std::uint64_t size = is_local ? big(block, at, 2) : big(block, at + 4, 4);
      if (at + head + length + (is_local ? size : 0) > block.size() || size > kMaxValue)
        volume_.fail("an attribute", path);
      xattrs[beginning_of(flags) + block.substr(at + head, length)] =
          is_local ? block.substr(at + head + length, size)
                   : remote(extents, big(block, at, 4), size, "XARM", path);
    }
  }

  /// Bytes in blocks of their own, each with a header.
  [[nodiscard]] std::string remote(const std::vector<XfsExtent>& extents, std::uint64_t first,
                                   std::uint64_t size, std::string_view magic,
                                   const std::string& path) const {
    std::string bytes;
    if (size > kMaxValue) volume_.fail("an attribute", path);
    for (const XfsExtent& extent : extents) {
      for (std::uint64_t i = 0; i < extent.count && bytes.size() < size; ++i) {
        if (extent.begin + i < first) continue;
        const std::string block = volume_.bytes(extent.block + i, 0, volume_.block_size(), path);
        if (!block.starts_with(magic)) volume_.fail("a block", path);
        bytes += block.substr(kBlockHeader, size - bytes.size());
      }
    }
    if (bytes.size() != size) volume_.fail("a block", path);
    return bytes;
  }

  XfsVolume volume_;
};

}  // namespace

void read_xfs(const std::string& image, std::uint64_t offset, ContentBuilder& builder) {
  XfsReader reader(image, offset);
  walk_inodes(image, reader, builder);
}

}  // namespace kata::inspect
