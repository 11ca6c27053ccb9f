// SPDX-License-Identifier: Apache-2.0
#include "builder/rootfs/disk/erofs_format.h"

#include <algorithm>
#include <limits>

#include "builder/rootfs/disk/checksum.h"
#include "builder/rootfs/disk/disk_file.h"
#include "builder/rootfs/disk/node_mode.h"
#include "runtime/base/error.h"

namespace kata::rootfs::erofs {
namespace {

constexpr std::uint32_t kErofsMagic = 0xe0f5e1e2;
constexpr std::uint64_t kSuperOffset = 1024;
constexpr std::uint32_t kHasChecksum = 1;  // compatible feature
// Incompatible features: compressed data is at its block's end; configurations of compressors
// behind the super block, which extents of several blocks need
constexpr std::uint32_t kZeroPadding = 1;
constexpr std::uint32_t kBigExtents = 2;
constexpr std::uint64_t kXattrHeader = 12;
constexpr std::uint64_t kDirectoryEntry = 12;
// Of the index behind a compressed file's inode
constexpr unsigned kPlainCluster = 0;
constexpr unsigned kHeadCluster = 1;
constexpr unsigned kInnerCluster = 2;
constexpr std::uint16_t kAdviseBigExtents = 2;
constexpr std::uint32_t kBlockCountFlag = 1U << 11;
constexpr std::uint64_t kIndexHeader = 16;
constexpr std::uint64_t kIndexEntry = 8;

void append(std::string& bytes, std::uint64_t value, unsigned size) {
  append_little_endian(bytes, value, size);
}

/// The number that stands for the beginning of an attribute's name, and the rest of the name.
std::pair<unsigned, std::string> split_xattr_name(const std::string& name,
                                                  const std::string& path) {
  static const std::pair<const char*, unsigned> kExact[] = {{"system.posix_acl_access", 2},
                                                            {"system.posix_acl_default", 3}};
  static const std::pair<const char*, unsigned> kBeginnings[] = {
      {"user.", 1}, {"trusted.", 4}, {"security.", 6}};
  for (const auto& [whole, index] : kExact) {
    if (name == whole) return {index, ""};
  }
  for (const auto& [beginning, index] : kBeginnings) {
    if (name.starts_with(beginning)) return {index, name.substr(std::string(beginning).size())};
  }
  throw_error(Code::invalid_argument,
              "/{}: erofs has no place for the extended attribute {}: only user.*, trusted.*, "
              "security.* and POSIX ACLs",
              path, name);
}

/// Calls `block` with the bounds of the entries of each of a folder's blocks and whether it is the
/// last.
template <typename Block>
void for_each_directory_block(const std::vector<DirectoryEntry>& entries, Block&& block) {
  std::size_t begin = 0;
  while (begin < entries.size()) {
    std::uint64_t used = 0;
    std::size_t end = begin;
    while (end < entries.size()) {
      const std::uint64_t more = kDirectoryEntry + entries[end].name.size();
      if (used + more > kBlock) break;
      used += more;
      ++end;
    }
    block(begin, end, used);
    begin = end;
  }
}

}  // namespace

bool is_extended(const Inode& inode) noexcept {
  constexpr std::uint32_t kMost = std::numeric_limits<std::uint16_t>::max();
  return inode.uid > kMost || inode.gid > kMost || inode.links > kMost ||
         inode.size > std::numeric_limits<std::uint32_t>::max();
}

std::string inode_bytes(const Inode& inode, std::int64_t mtime) {
  const bool extended = is_extended(inode);
  const std::uint64_t xattr_slots =
      inode.xattr_size == 0 ? 0 : (inode.xattr_size - kXattrHeader) / 4 + 1;
  std::string bytes;
  append(bytes, (extended ? 1U : 0U) | static_cast<unsigned>(inode.layout) << 1, 2);
  append(bytes, xattr_slots, 2);
  append(bytes, inode.mode, 2);
  if (!extended) {
    append(bytes, inode.links, 2);
    append(bytes, inode.size, 4);
    append(bytes, 0, 4);
    append(bytes, inode.place, 4);
    append(bytes, inode.number, 4);
    append(bytes, inode.uid, 2);
    append(bytes, inode.gid, 2);
    append(bytes, 0, 4);
    return bytes;
  }
  append(bytes, 0, 2);
  append(bytes, inode.size, 8);
  append(bytes, inode.place, 4);
  append(bytes, inode.number, 4);
  append(bytes, inode.uid, 4);
  append(bytes, inode.gid, 4);
  append(bytes, static_cast<std::uint64_t>(mtime), 8);
  append(bytes, 0, 4);
  append(bytes, inode.links, 4);
  bytes.resize(kExtendedInodeSize, '\0');
  return bytes;
}

std::string xattr_bytes(const std::map<std::string, std::string>& xattrs, const std::string& path) {
  if (xattrs.empty()) return {};
  std::string bytes(kXattrHeader, '\0');
  for (const auto& [name, value] : xattrs) {
    const auto& [index, rest] = split_xattr_name(name, path);
    if (rest.size() > 255 || value.size() > 65535)
      throw_error(Code::invalid_argument, "/{}: the extended attribute {} is too long for erofs",
                  path, name);
    append(bytes, rest.size(), 1);
    append(bytes, index, 1);
    append(bytes, value.size(), 2);
    bytes += rest;
    bytes += value;
    bytes.resize(align_up(bytes.size(), 4), '\0');
  }
  if ((bytes.size() - kXattrHeader) / 4 + 1 > std::numeric_limits<std::uint16_t>::max())
    throw_error(Code::invalid_argument, "/{}: its extended attributes are too long for erofs",
                path);
  return bytes;
}

std::uint64_t directory_size(const std::vector<DirectoryEntry>& entries) {
  std::uint64_t size = 0;
  for_each_directory_block(entries, [&](std::size_t, std::size_t end, std::uint64_t used) {
    size += end == entries.size() ? used : kBlock;
  });
  return size;
}

std::string directory_bytes(const std::vector<DirectoryEntry>& entries) {
  std::string bytes;
  for_each_directory_block(entries,
                           [&](std::size_t begin, std::size_t end, std::uint64_t /*used*/) {
                             std::uint64_t name_offset = (end - begin) * kDirectoryEntry;
                             std::string names;
                             for (std::size_t i = begin; i < end; ++i) {
                               append(bytes, entries[i].inode, 8);
                               append(bytes, name_offset, 2);
                               append(bytes, name_type(entries[i].mode), 1);
                               append(bytes, 0, 1);
                               name_offset += entries[i].name.size();
                               names += entries[i].name;
                             }
                             bytes += names;
                             if (end < entries.size())
                               bytes.resize(align_up(bytes.size(), kBlock), '\0');
                           });
  return bytes;
}

std::string super_block_bytes(const SuperBlock& super) {
  std::string block(kSuperOffset, '\0');
  append(block, kErofsMagic, 4);
  append(block, 0, 4);  // the checksum, below
  append(block, kHasChecksum, 4);
  append(block, 12, 1);  // the block size as a power of two
  append(block, 0, 1);
  append(block, super.root_inode, 2);
  append(block, super.inodes, 8);
  append(block, static_cast<std::uint64_t>(super.time), 8);
  append(block, 0, 4);
  append(block, super.blocks, 4);
  append(block, super.meta_block, 4);
  append(block, 0, 4);  // no shared attributes
  for (const unsigned char byte : super.uuid) block += static_cast<char>(byte);
  block.append(16, '\0');  // no volume name
  append(block, super.is_compressed ? kZeroPadding | kBigExtents : 0, 4);
  append(block, super.is_compressed ? 1 : 0, 2);  // LZ4
  block.resize(kSuperOffset + 128, '\0');
  if (super.is_compressed) {
    append(block, 14, 2);  // LZ4's configuration
    append(block, 65535, 2);
    append(block, kMaxExtentBlocks, 2);
    block.append(10, '\0');
  }
  block.resize(kBlock, '\0');
  const std::uint32_t sum = crc32c(~0U, std::string_view(block).substr(kSuperOffset));
  std::string text;
  append(text, sum, 4);
  return block.replace(kSuperOffset + 4, 4, text);
}

std::uint64_t cluster_index_size(std::uint64_t size) noexcept {
  return kIndexHeader + (size + kBlock - 1) / kBlock * kIndexEntry;
}

std::string cluster_index_bytes(const std::vector<Extent>& extents, std::uint32_t first_block) {
  std::string bytes;
  append(bytes, 0, 4);
  append(bytes, kAdviseBigExtents, 2);
  append(bytes, 0, 2);  // LZ4, logical blocks of 4096 bytes
  append(bytes, 0, 8);
  const auto add = [&](unsigned type, std::uint64_t begin, std::uint32_t low, std::uint32_t high) {
    append(bytes, type, 2);
    append(bytes, begin, 2);
    append(bytes, low, 2);
    append(bytes, high, 2);
  };
  std::uint64_t begin = 0;  // of the extent, in its first logical block
  std::uint32_t block = first_block;
  for (const Extent& extent : extents) {
    const unsigned type = extent.is_compressed ? kHeadCluster : kPlainCluster;
    const std::uint64_t end = begin + extent.length;
    add(type, begin, block & 0xffff, block >> 16);
    block += extent.blocks;
    const std::uint64_t clusters = end / kBlock;
    if (clusters == 0) return bytes;  // within the file's last block
    for (std::uint64_t i = 1; i < clusters; ++i) {
      const std::uint64_t back = i == 1 ? extent.blocks | kBlockCountFlag
                                        : std::min<std::uint64_t>(i, kBlockCountFlag - 1);
      add(kInnerCluster, 0, static_cast<std::uint32_t>(back),
          static_cast<std::uint32_t>(clusters - i));
    }
    begin = end % kBlock;
  }
  if (begin > 0) add(kPlainCluster, begin, 0, 0);  // where the last extent ends
  return bytes;
}

}  // namespace kata::rootfs::erofs
