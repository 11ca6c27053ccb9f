// SPDX-License-Identifier: Apache-2.0
//
// The pieces of an EROFS file system as bytes, see Documentation/filesystems/erofs.rst and
// fs/erofs/erofs_fs.h of the kernel. Blocks have 4096 bytes.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace kata::rootfs::erofs {

constexpr std::uint64_t kBlock = 4096;
constexpr std::uint64_t kSlot = 32;  ///< inodes begin at multiples; their number counts these
constexpr std::uint64_t kInodeSize = 32;
constexpr std::uint64_t kExtendedInodeSize = 64;
constexpr std::uint32_t kMaxExtentBlocks = 8;  ///< of compressed data

enum class DataLayout : unsigned { plain = 0, compressed = 1, tail_inline = 2 };

struct Inode {
  DataLayout layout = DataLayout::plain;
  std::uint16_t mode = 0;  ///< with the file type
  std::uint64_t size = 0;
  std::uint32_t place = 0;  ///< first block, number of compressed blocks, or device
  std::uint32_t number = 0;
  std::uint32_t uid = 0;
  std::uint32_t gid = 0;
  std::uint32_t links = 1;
  std::uint64_t xattr_size = 0;  ///< of what xattr_bytes() gave
};

/// Whether the inode needs the long form.
[[nodiscard]] bool is_extended(const Inode& inode) noexcept;
/// The inode in its short form (its time is the file system's) or its long one.
[[nodiscard]] std::string inode_bytes(const Inode& inode, std::int64_t mtime);

/// Extended attributes as they stand behind their inode; empty when there are none. Throws
/// Error(invalid_argument), with `path`, for one that EROFS cannot hold.
[[nodiscard]] std::string xattr_bytes(const std::map<std::string, std::string>& xattrs,
                                      const std::string& path);

struct DirectoryEntry {
  std::string name;
  std::uint64_t inode = 0;  ///< its number in slots
  std::uint16_t mode = 0;
};

/// A folder's content; `entries` have "." and ".." among them and are in the order of their bytes.
[[nodiscard]] std::string directory_bytes(const std::vector<DirectoryEntry>& entries);
/// How long directory_bytes() will be.
[[nodiscard]] std::uint64_t directory_size(const std::vector<DirectoryEntry>& entries);

struct SuperBlock {
  std::uint64_t root_inode = 0;  ///< in slots
  std::uint64_t inodes = 0;
  std::int64_t time = 0;
  std::uint32_t blocks = 0;
  std::uint32_t meta_block = 0;  ///< where slot 0 is
  std::array<unsigned char, 16> uuid{};
  bool is_compressed = false;
};

/// The first block of the file system, with its checksum.
[[nodiscard]] std::string super_block_bytes(const SuperBlock& super);

/// A stretch of a file that is compressed as one, or stored in one block.
struct Extent {
  std::uint64_t length = 0;  ///< bytes of the file
  std::uint32_t blocks = 1;
  bool is_compressed = false;
};

/// Where each of the file's logical blocks begins in its extents: what stands behind the inode of a
/// compressed file, from a multiple of eight on. Extents follow each other on disk from
/// `first_block`.
[[nodiscard]] std::string cluster_index_bytes(const std::vector<Extent>& extents,
                                              std::uint32_t first_block);
/// How long that is for a file of `size` bytes.
[[nodiscard]] std::uint64_t cluster_index_size(std::uint64_t size) noexcept;

}  // namespace kata::rootfs::erofs
