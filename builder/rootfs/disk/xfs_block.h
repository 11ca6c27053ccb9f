// SPDX-License-Identifier: Apache-2.0
//
// The blocks of an XFS of version 5: headers that say what a block is, where and whose, records of
// extents, hashes of names. See fs/xfs/libxfs/xfs_format.h and xfs_da_format.h of the kernel.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "builder/rootfs/disk/disk_file.h"
#include "builder/rootfs/disk/uuid.h"
#include "builder/rootfs/disk/xfs_space.h"

namespace kata::rootfs {

/// Everything that writes blocks needs it.
struct XfsVolume {
  XfsSpace space;
  Uuid uuid{};
  std::uint64_t offset = 0;  ///< of the file system in the image
  DiskFile& disk;
};

/// What an inode says of its data or of its attributes.
struct XfsFork {
  unsigned format = 0;    ///< kXfsDevice, ...
  std::string literal{};  ///< in the inode
  std::uint64_t blocks = 0;
  std::uint64_t extents = 0;
};

inline constexpr unsigned kXfsDevice = 0;
inline constexpr unsigned kXfsLocal = 1;
inline constexpr unsigned kXfsExtents = 2;

/// Appends `value` to `bytes`, the highest byte first.
void append_big_endian(std::string& bytes, std::uint64_t value, unsigned size);
/// Writes `value` into `bytes` at `at`, the same way.
void put_big_endian(std::string& bytes, std::size_t at, std::uint64_t value, unsigned size);
/// Fills `bytes` with zeros to `size` and puts their checksum at `at`.
[[nodiscard]] std::string sealed(std::string bytes, std::size_t size, std::size_t at);
/// By which folders and attributes are sorted.
[[nodiscard]] std::uint32_t xfs_name_hash(std::string_view name) noexcept;

/// Of a folder's data: 48 bytes, the checksum at kXfsDataSum.
[[nodiscard]] std::string xfs_data_header(const XfsVolume& volume, std::string_view magic,
                                          const XfsPlace& place, std::uint64_t inode);
inline constexpr std::size_t kXfsDataSum = 4;
/// Of a folder's index or of attributes: 56 bytes, the checksum at kXfsIndexSum. `next` and
/// `before` are its neighbours; 0: none.
[[nodiscard]] std::string xfs_index_header(const XfsVolume& volume, unsigned magic,
                                           const XfsPlace& place, std::uint64_t inode,
                                           std::uint64_t next = 0, std::uint64_t before = 0);
inline constexpr std::size_t kXfsIndexSum = 12;

/// Takes `count` blocks, adds extents that say they are the fork's from block `begin` on; one place
/// for each block. Throws Error.
[[nodiscard]] std::vector<XfsPlace> extend_fork(XfsVolume& volume, XfsFork& fork,
                                                std::uint64_t begin, std::uint64_t count);
/// Writes `bytes` into blocks of their own, each with a header that begins with `magic`: the
/// targets of links and the values of attributes that do not fit elsewhere.
void write_remote(XfsVolume& volume, std::string_view magic, std::uint64_t inode,
                  std::string_view bytes, const std::vector<XfsPlace>& places);
/// How many blocks that takes.
[[nodiscard]] std::uint64_t remote_blocks(std::uint64_t size) noexcept;
void write_block(XfsVolume& volume, const XfsPlace& place, const std::string& block);

}  // namespace kata::rootfs
