// SPDX-License-Identifier: Apache-2.0
#include "builder/rootfs/disk/xfs_block.h"

#include <algorithm>

#include "builder/rootfs/disk/checksum.h"
#include "runtime/base/error.h"

namespace kata::rootfs {
namespace {

constexpr std::uint64_t kRemoteHeader = 56;

void append_uuid(std::string& bytes, const Uuid& uuid) { bytes.append(uuid.begin(), uuid.end()); }

}  // namespace

void append_big_endian(std::string& bytes, std::uint64_t value, unsigned size) {
  for (unsigned i = size; i-- > 0;) bytes += static_cast<char>(value >> (8 * i) & 0xff);
}

void put_big_endian(std::string& bytes, std::size_t at, std::uint64_t value, unsigned size) {
  KATA_ASSERT(at + size <= bytes.size());
  for (unsigned i = 0; i < size; ++i)
    bytes[at + i] = static_cast<char>(value >> (8 * (size - 1 - i)) & 0xff);
}

std::string sealed(std::string bytes, std::size_t size, std::size_t at) {
  KATA_ASSERT(bytes.size() <= size);
  bytes.resize(size);
  std::string sum;
  append_little_endian(sum, ~crc32c(~0U, bytes), 4);  // over zeros in its own place
  bytes.replace(at, 4, sum);
  return bytes;
}

std::uint32_t xfs_name_hash(std::string_view name) noexcept {
  std::uint32_t hash = 0;
  for (const char c : name) hash = static_cast<unsigned char>(c) ^ (hash << 7U | hash >> 25U);
  return hash;
}

std::string xfs_data_header(const XfsVolume& volume, std::string_view magic, const XfsPlace& place,
                            std::uint64_t inode) {
  std::string bytes(magic);
  append_big_endian(bytes, 0, 4);
  append_big_endian(bytes, volume.space.sector_of(place), 8);
  append_big_endian(bytes, 0, 8);  // never in a log
  append_uuid(bytes, volume.uuid);
  append_big_endian(bytes, inode, 8);
  return bytes;
}

std::string xfs_index_header(const XfsVolume& volume, unsigned magic, const XfsPlace& place,
                             std::uint64_t inode, std::uint64_t next, std::uint64_t before) {
  std::string bytes;
  append_big_endian(bytes, next, 4);
  append_big_endian(bytes, before, 4);
  append_big_endian(bytes, magic, 2);
  append_big_endian(bytes, 0, 2 + 4);
  append_big_endian(bytes, volume.space.sector_of(place), 8);
  append_big_endian(bytes, 0, 8);
  append_uuid(bytes, volume.uuid);
  append_big_endian(bytes, inode, 8);
  return bytes;
}

std::vector<XfsPlace> extend_fork(XfsVolume& volume, XfsFork& fork, std::uint64_t begin,
                                  std::uint64_t count) {
  std::vector<XfsPlace> places;
  for (const XfsRun& run : volume.space.take(count)) {
    // 54 bits for the place in the file, 52 for the block, 21 for the count
    const std::uint64_t number = volume.space.number_of(run.place);
    append_big_endian(fork.literal, begin << 9U | number >> 43U, 8);
    append_big_endian(fork.literal, number << 21U | run.count, 8);
    begin += run.count;
    ++fork.extents;
    for (std::uint64_t i = 0; i < run.count; ++i)
      places.push_back({run.place.group, run.place.block + i});
  }
  fork.format = kXfsExtents;
  fork.blocks += count;
  return places;
}

std::uint64_t remote_blocks(std::uint64_t size) noexcept {
  constexpr std::uint64_t kRoom = kXfsBlock - kRemoteHeader;
  return (size + kRoom - 1) / kRoom;
}

void write_remote(XfsVolume& volume, std::string_view magic, std::uint64_t inode,
                  std::string_view bytes, const std::vector<XfsPlace>& places) {
  std::uint64_t done = 0;
  for (const XfsPlace& place : places) {
    const std::string_view part = bytes.substr(done, kXfsBlock - kRemoteHeader);
    std::string block(magic);
    append_big_endian(block, done, 4);
    append_big_endian(block, part.size(), 4);
    append_big_endian(block, 0, 4);
    append_uuid(block, volume.uuid);
    append_big_endian(block, inode, 8);
    append_big_endian(block, volume.space.sector_of(place), 8);
    append_big_endian(block, 0, 8);
    block += part;
    write_block(volume, place, sealed(std::move(block), kXfsBlock, 12));
    done += part.size();
  }
}

void write_block(XfsVolume& volume, const XfsPlace& place, const std::string& block) {
  volume.disk.write(volume.offset + volume.space.byte_of(place), block);
}

}  // namespace kata::rootfs
