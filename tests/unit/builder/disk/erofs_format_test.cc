// SPDX-License-Identifier: Apache-2.0
#include "builder/rootfs/disk/erofs_format.h"

#include <lz4.h>
#include <sys/stat.h>

#include <catch2/catch.hpp>
#include <random>
#include <string>

#include "builder/rootfs/disk/erofs_compress.h"
#include "runtime/base/error.h"

namespace {

using namespace kata;
using namespace kata::rootfs;
using namespace kata::rootfs::erofs;

std::uint64_t number(const std::string& bytes, std::size_t at, unsigned size) {
  std::uint64_t value = 0;
  for (unsigned i = size; i-- > 0;)
    value = value << 8 | static_cast<unsigned char>(bytes.at(at + i));
  return value;
}

/// What the kernel's decompressor makes of it: extent by extent.
std::string expand(const Compressed& compressed) {
  std::string bytes;
  std::size_t at = 0;
  for (const Extent& extent : compressed.extents) {
    const std::string blocks = compressed.blocks.substr(at, extent.blocks * kBlock);
    at += extent.blocks * kBlock;
    if (!extent.is_compressed) {
      bytes += blocks.substr(0, extent.length);
      continue;
    }
    const std::size_t begin = blocks.find_first_not_of('\0');
    std::string output(extent.length, '\0');
    const int size = LZ4_decompress_safe(blocks.data() + begin, output.data(),
                                         static_cast<int>(blocks.size() - begin),
                                         static_cast<int>(output.size()));
    REQUIRE(size == static_cast<int>(extent.length));
    bytes += output;
  }
  CHECK(at == compressed.blocks.size());
  return bytes;
}

/// Text that compresses, then noise that does not, then zeroes.
std::string mixed_bytes(std::size_t size) {
  std::mt19937 random(7);
  std::string bytes;
  while (bytes.size() < size / 3) bytes += "line " + std::to_string(random() % 1000) + "\n";
  while (bytes.size() < 2 * size / 3) bytes += static_cast<char>(random());
  bytes.resize(size, '\0');
  return bytes;
}

}  // namespace

TEST_CASE("what erofs compresses comes back", "[disk]") {
  const auto size =
      static_cast<std::size_t>(GENERATE(1, 4095, 4096, 4097, 8192, 100'000, 1'000'003));
  const std::string bytes = mixed_bytes(size);
  const Compressed compressed = compress(bytes, 9);
  CHECK(compressed.blocks.size() % kBlock == 0);
  CHECK(expand(compressed) == bytes);
}

TEST_CASE("each logical block of a compressed file has an entry in its index", "[disk]") {
  const std::string bytes = mixed_bytes(500'000);
  const Compressed compressed = compress(bytes, 9);
  const std::string index = cluster_index_bytes(compressed.extents, 100);
  REQUIRE(index.size() == cluster_index_size(bytes.size()));
  // Following the entries gives back where each extent begins and which blocks it has
  std::uint64_t position = 0;
  std::uint64_t block = 100;
  for (const Extent& extent : compressed.extents) {
    const std::size_t entry = 16 + position / kBlock * 8;
    CHECK(number(index, entry, 2) == (extent.is_compressed ? 1U : 0U));
    CHECK(number(index, entry + 2, 2) == position % kBlock);
    CHECK(number(index, entry + 4, 4) == block);
    position += extent.length;
    block += extent.blocks;
  }
  CHECK(position == bytes.size());
}

TEST_CASE("a folder's blocks hold whole entries in the order of their bytes", "[disk]") {
  std::vector<DirectoryEntry> entries;
  for (int i = 100; i < 600; ++i)
    entries.push_back({"name-" + std::to_string(i), static_cast<std::uint64_t>(i), S_IFREG});
  const std::string bytes = directory_bytes(entries);
  CHECK(bytes.size() == directory_size(entries));
  std::vector<std::string> names;
  for (std::size_t at = 0; at < bytes.size(); at += kBlock) {
    const std::string block = bytes.substr(at, kBlock);
    const std::size_t count = number(block, 8, 2) / 12;
    for (std::size_t i = 0; i < count; ++i) {
      const std::size_t begin = number(block, i * 12 + 8, 2);
      const std::size_t end =
          i + 1 < count ? number(block, (i + 1) * 12 + 8, 2) : block.find_last_not_of('\0') + 1;
      names.push_back(block.substr(begin, end - begin));
    }
  }
  REQUIRE(names.size() == entries.size());
  for (std::size_t i = 0; i < names.size(); ++i) CHECK(names[i] == entries[i].name);
}

TEST_CASE("an inode takes its long form for owners beyond 16 bits", "[disk]") {
  Inode inode{.layout = DataLayout::plain, .mode = S_IFREG | 0644, .size = 10, .number = 3};
  CHECK(inode_bytes(inode, 1).size() == 32);
  inode.uid = 70000;
  const std::string bytes = inode_bytes(inode, 1);
  REQUIRE(bytes.size() == 64);
  CHECK(number(bytes, 24, 4) == 70000);
  CHECK(number(bytes, 32, 8) == 1);
}

TEST_CASE("erofs refuses an attribute that it has no place for", "[disk]") {
  CHECK(xattr_bytes({}, "x").empty());
  CHECK(xattr_bytes({{"user.note", "abc"}}, "x").size() == 12 + 4 + 8);
  CHECK_THROWS_WITH(xattr_bytes({{"btrfs.x", "abc"}}, "bin/tool"), Catch::Contains("/bin/tool"));
}
