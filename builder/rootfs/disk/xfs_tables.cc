// SPDX-License-Identifier: Apache-2.0
#include "builder/rootfs/disk/xfs_tables.h"

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>

namespace kata::rootfs {
namespace {

constexpr std::uint64_t kInodeChunk = 64;  // inodes
constexpr std::uint64_t kNoBlock = 0xffffffff;
constexpr std::size_t kXfsSector = 512;
constexpr std::size_t kTreeHeader = 56;
constexpr std::size_t kTreeSum = 52;
constexpr std::uint64_t kLeafChunks = (kXfsBlock - kTreeHeader) / 16;
constexpr std::uint64_t kNodeKeys = (kXfsBlock - kTreeHeader) / 8;
// Of each group: its headers, one sector each, then the roots of its trees, then blocks in reserve
constexpr std::uint64_t kByPlaceRoot = 1;
constexpr std::uint64_t kBySizeRoot = 2;
constexpr std::uint64_t kInodeRoot = 3;
constexpr std::uint64_t kFirstReserve = 4;
constexpr std::uint64_t kReserve = kXfsHeaderBlocks - kFirstReserve;

/// Numbers one after another, each of `size` bytes.
void append_all(std::string& bytes, unsigned size, std::initializer_list<std::uint64_t> values) {
  for (const std::uint64_t value : values) append_big_endian(bytes, value, size);
}

class TableWriter {
 public:
  explicit TableWriter(XfsVolume& volume) : volume_(volume) {}

  void write_tree_block(std::string_view magic, unsigned level, std::uint64_t count,
                        const XfsPlace& place, std::uint64_t before, std::uint64_t next,
                        const std::string& records) {
    std::string block(magic);
    append_all(block, 2, {level, count});
    append_all(block, 4, {before, next});
    append_all(block, 8, {volume_.space.sector_of(place), 0});
    block.append(volume_.uuid.begin(), volume_.uuid.end());
    append_all(block, 4, {place.group, 0});
    write_block(volume_, place, sealed(block + records, kXfsBlock, kTreeSum));
  }

  void write_sector(std::uint64_t group, unsigned number, std::string bytes, std::size_t sum) {
    volume_.disk.write(
        volume_.offset + volume_.space.byte_of({group, 0}) + number * std::uint64_t{kXfsSector},
        sealed(std::move(bytes), kXfsSector, sum));
  }

  [[nodiscard]] std::uint64_t free_of(std::uint64_t group) const {
    return volume_.space.group_blocks() - volume_.space.first_free(group);
  }

  /// The trees of free blocks: one run, or none.
  void write_free(std::uint64_t group) {
    const std::uint64_t free = free_of(group);
    std::string record;
    if (free > 0) append_all(record, 4, {volume_.space.first_free(group), free});
    const std::uint64_t count = free > 0 ? 1 : 0;
    write_tree_block("AB3B", 0, count, {group, kByPlaceRoot}, kNoBlock, kNoBlock, record);
    write_tree_block("AB3C", 0, count, {group, kBySizeRoot}, kNoBlock, kNoBlock, record);
    std::string header = "XAGF";
    append_all(header, 4, {1, group, volume_.space.group_blocks()});
    append_all(header, 4, {kByPlaceRoot, kBySizeRoot, 0, 1, 1, 0});  // roots and levels
    append_all(header, 4, {1, kReserve, kReserve});  // of the list below: first, last, how many
    append_all(header, 4, {free, free, 0});
    header.append(volume_.uuid.begin(), volume_.uuid.end());
    write_sector(group, 1, std::move(header), 216);
    std::string list = "XAFL";
    append_big_endian(list, group, 4);
    list.append(volume_.uuid.begin(), volume_.uuid.end());
    append_all(list, 4, {0, 0, 0, kNoBlock});
    for (std::uint64_t i = 0; i < kReserve; ++i) append_big_endian(list, kFirstReserve + i, 4);
    list.append(kXfsSector - list.size(), '\xff');
    write_sector(group, 3, std::move(list), 32);
  }

  void write_inode_header(std::uint64_t group, std::uint64_t all, std::uint64_t free,
                          std::uint64_t first, unsigned levels) {
    std::string header = "XAGI";
    append_all(
        header, 4,
        {1, group, volume_.space.group_blocks(), all, kInodeRoot, levels, free, first, kNoBlock});
    header.append(256, '\xff');  // nothing is unlinked
    header.append(volume_.uuid.begin(), volume_.uuid.end());
    write_sector(group, 2, std::move(header), 312);
  }

  void write_super_blocks(std::uint64_t root, std::uint64_t all, std::uint64_t free) {
    const XfsSpace& space = volume_.space;
    std::uint64_t free_blocks = 0;
    for (std::uint64_t group = 0; group < kXfsGroups; ++group)
      free_blocks += free_of(group) + kReserve;
    constexpr std::uint64_t kVersion = 0xb4b5;  // 5, with all that version 4 could have
    constexpr std::uint64_t kFeatures = 0x18a;  // lazy counters, attributes, projects of 32 bits
    std::string super = "XFSB";
    append_big_endian(super, kXfsBlock, 4);
    append_all(super, 8, {space.group_blocks() * kXfsGroups, 0, 0});
    super.append(volume_.uuid.begin(), volume_.uuid.end());
    append_all(super, 8, {space.number_of(space.log()), root, root + 1, root + 2});
    append_all(super, 4, {1, space.group_blocks(), kXfsGroups, 0, kXfsLogBlocks});
    append_all(super, 2, {kVersion, kXfsSector, kXfsInode, kXfsInodesPerBlock});
    super.append(12, '\0');  // label
    append_all(super, 1, {12, 9, 9, 3, space.group_bits(), 0, 0, 25});
    append_all(super, 8, {all, free, free_blocks, 0, 0, 0});
    append_all(super, 2, {0});
    append_all(super, 1, {0, 0});
    append_all(super, 4, {4, 0, 0});  // chunks of inodes begin at multiples of four blocks
    append_all(super, 1, {0, 0});
    append_all(super, 2, {0});
    append_all(super, 4, {1, kFeatures, kFeatures, 0, 0, 1, 0});  // 1: folders tell types
    for (std::uint64_t group = 0; group < kXfsGroups; ++group) write_sector(group, 0, super, 224);
  }

  /// One record, "unmounted", as mkfs.xfs leaves it.
  void write_log() {
    std::string log;
    append_all(log, 4, {0xfeedbabe, 1, 2, kXfsSector});
    append_all(log, 8, {std::uint64_t{1} << 32, std::uint64_t{1} << 32});
    append_all(log, 4, {0, kNoBlock, 1, 0xb0c0d0d0});
    log.resize(300);
    append_big_endian(log, 1, 4);
    log.append(volume_.uuid.begin(), volume_.uuid.end());
    append_big_endian(log, 32768, 4);
    log.resize(kXfsSector);
    append_all(log, 4, {1, 8, 0xaa200000, 0x6e550000});
    log.resize(2 * kXfsSector);
    volume_.disk.write(volume_.offset + volume_.space.byte_of(volume_.space.log()), log);
  }

 private:
  XfsVolume& volume_;
};

}  // namespace

std::uint64_t xfs_inode_blocks(std::uint64_t count) noexcept {
  const std::uint64_t chunks = (count + kInodeChunk - 1) / kInodeChunk;
  return chunks * kInodeChunk / kXfsInodesPerBlock + (chunks + kLeafChunks - 1) / kLeafChunks;
}

XfsInodeTable::XfsInodeTable(XfsSpace& space, std::uint64_t count)
    : count_(count),
      chunks_((count + kInodeChunk - 1) / kInodeChunk),
      first_(space.take_first_group(chunks_ * kInodeChunk / kXfsInodesPerBlock) *
             kXfsInodesPerBlock),
      leaves_((chunks_ + kLeafChunks - 1) / kLeafChunks) {
  if (leaves_ > 1) tree_ = space.take_first_group(leaves_);
}

std::uint64_t XfsInodeTable::all() const noexcept { return chunks_ * kInodeChunk; }

std::uint64_t XfsInodeTable::byte_of(std::uint64_t number) noexcept { return number * kXfsInode; }

void write_xfs_tables(XfsVolume& volume, const XfsInodeTable& inodes) {
  TableWriter writer(volume);
  std::string keys;
  std::string places;
  for (std::uint64_t leaf = 0; leaf < inodes.leaves_; ++leaf) {
    std::string records;
    // Evenly: a leaf that is less than half full is damaged
    const std::uint64_t begin = leaf * inodes.chunks_ / inodes.leaves_;
    const std::uint64_t end = (leaf + 1) * inodes.chunks_ / inodes.leaves_;
    for (std::uint64_t chunk = begin; chunk < end; ++chunk) {
      const std::uint64_t used = std::min(kInodeChunk, inodes.count_ - chunk * kInodeChunk);
      append_big_endian(records, inodes.number(chunk * kInodeChunk), 4);
      append_big_endian(records, kInodeChunk - used, 4);
      append_big_endian(records, used == kInodeChunk ? 0 : ~std::uint64_t{0} << used, 8);
    }
    const bool is_root = inodes.leaves_ == 1;
    const std::uint64_t block = is_root ? kInodeRoot : inodes.tree_ + leaf;
    writer.write_tree_block("IAB3", 0, end - begin, {0, block}, leaf > 0 ? block - 1 : kNoBlock,
                            leaf + 1 < inodes.leaves_ ? block + 1 : kNoBlock, records);
    append_big_endian(keys, inodes.number(begin * kInodeChunk), 4);
    append_big_endian(places, block, 4);
  }
  if (inodes.leaves_ > 1) {
    keys.resize(kNodeKeys * 4);
    writer.write_tree_block("IAB3", 1, inodes.leaves_, {0, kInodeRoot}, kNoBlock, kNoBlock,
                            keys + places);
  }
  const std::uint64_t free = inodes.all() - inodes.count();
  for (std::uint64_t group = 0; group < kXfsGroups; ++group) {
    writer.write_free(group);
    if (group > 0)
      writer.write_tree_block("IAB3", 0, 0, {group, kInodeRoot}, kNoBlock, kNoBlock, "");
    if (group > 0)
      writer.write_inode_header(group, 0, 0, kNoBlock, 1);
    else
      writer.write_inode_header(0, inodes.all(), free, inodes.first_, inodes.leaves_ > 1 ? 2 : 1);
  }
  writer.write_super_blocks(inodes.first_, inodes.all(), free);
  writer.write_log();
}

}  // namespace kata::rootfs
