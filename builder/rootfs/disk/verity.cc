// SPDX-License-Identifier: Apache-2.0
#include "builder/rootfs/disk/verity.h"

#include <algorithm>
#include <vector>

#include "builder/pipeline/digest.h"
#include "builder/pipeline/parallel.h"
#include "runtime/base/error.h"

namespace kata::rootfs {
namespace {

constexpr std::uint64_t kHashSize = 32;
constexpr std::uint64_t kHashesPerBlock = kVerityBlock / kHashSize;
constexpr std::uint64_t kPartBlocks = 1024;  // for one thread at a time

std::string hash_of(const std::string& salt, std::string_view block) {
  pipeline::Sha256 digest;
  digest.add(salt);
  digest.add(block);
  return bytes_of_digits(digest.finish());
}

/// The hashes of the blocks at `offset`, in whole blocks filled up with zeroes.
std::string hash_level(const DiskFile& disk, std::uint64_t offset, std::uint64_t blocks,
                       const std::string& salt, unsigned jobs) {
  const std::uint64_t parts = (blocks + kPartBlocks - 1) / kPartBlocks;
  std::vector<std::string> hashes(parts);
  pipeline::run_parallel(parts, jobs, [&](std::size_t part) {
    const std::uint64_t begin = part * kPartBlocks;
    const std::uint64_t count = std::min(kPartBlocks, blocks - begin);
    const std::string data = disk.read(offset + begin * kVerityBlock, count * kVerityBlock);
    for (std::uint64_t i = 0; i < count; ++i)
      hashes[part] += hash_of(salt, std::string_view(data).substr(i * kVerityBlock, kVerityBlock));
  });
  std::string level;
  for (const std::string& part : hashes) level += part;
  level.resize(align_up(level.size(), kVerityBlock), '\0');
  return level;
}

/// Blocks of each level, the one that covers the data first.
std::vector<std::uint64_t> levels_of(std::uint64_t data_blocks) {
  std::vector<std::uint64_t> levels;
  for (std::uint64_t blocks = data_blocks; blocks > 1 || levels.empty();) {
    blocks = (blocks + kHashesPerBlock - 1) / kHashesPerBlock;
    levels.push_back(blocks);
  }
  return levels;
}

std::string super_block(const Verity& verity, const std::string& salt, const Uuid& uuid) {
  std::string bytes("verity\0\0", 8);
  append_little_endian(bytes, 1, 4);  // version
  append_little_endian(bytes, 1, 4);  // the hash type: the salt first
  for (const unsigned char byte : uuid) bytes += static_cast<char>(byte);
  std::string algorithm = "sha256";
  algorithm.resize(32, '\0');
  bytes += algorithm;
  append_little_endian(bytes, kVerityBlock, 4);
  append_little_endian(bytes, kVerityBlock, 4);
  append_little_endian(bytes, verity.data_blocks, 8);
  append_little_endian(bytes, salt.size(), 2);
  bytes.append(6, '\0');
  bytes += salt;
  bytes.resize(kVerityBlock, '\0');
  return bytes;
}

}  // namespace

std::uint64_t verity_blocks(std::uint64_t data_blocks) {
  std::uint64_t blocks = 1;
  for (const std::uint64_t level : levels_of(data_blocks)) blocks += level;
  return blocks;
}

Verity write_verity(DiskFile& disk, std::uint64_t data_offset, std::uint64_t data_size,
                    std::uint64_t hash_offset, const std::string& salt, const Uuid& uuid,
                    unsigned jobs) {
  KATA_ASSERT(data_size > 0 && data_size % kVerityBlock == 0);
  Verity verity;
  verity.salt = digits_of_bytes(salt);
  verity.data_blocks = data_size / kVerityBlock;
  verity.hash_blocks = verity_blocks(verity.data_blocks);
  disk.write(hash_offset, super_block(verity, salt, uuid));
  // The tree's top stands first, behind the super block
  std::uint64_t end = hash_offset + verity.hash_blocks * kVerityBlock;
  std::uint64_t below = data_offset;
  std::uint64_t blocks = verity.data_blocks;
  std::string top;
  for (const std::uint64_t level : levels_of(verity.data_blocks)) {
    top = hash_level(disk, below, blocks, salt, jobs);
    end -= level * kVerityBlock;
    disk.write(end, top);
    below = end;
    blocks = level;
  }
  verity.root_hash = digits_of_bytes(hash_of(salt, top));
  return verity;
}

std::string verity_parameters(const Verity& verity) {
  return fmt::format("root_hash={},{}data_blocks={},data_block_size={},hash_block_size={}",
                     verity.root_hash,
                     verity.salt.empty() ? std::string() : fmt::format("salt={},", verity.salt),
                     verity.data_blocks, kVerityBlock, kVerityBlock);
}

}  // namespace kata::rootfs
