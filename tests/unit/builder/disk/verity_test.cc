// SPDX-License-Identifier: Apache-2.0
#include "builder/rootfs/disk/verity.h"

#include <catch2/catch.hpp>
#include <string>

#include "builder/pipeline/digest.h"
#include "builder/rootfs/disk/ext4_image.h"
#include "runtime/base/io.h"

namespace {

using namespace kata;
using namespace kata::rootfs;

std::string hash(const std::string& bytes) {
  return bytes_of_digits(pipeline::sha256_of_text(bytes));
}

}  // namespace

TEST_CASE("a hash tree's root is the hash of hashes of salted blocks", "[disk]") {
  const TempDir dir;
  DiskFile disk(dir.path() + "/disk");
  const std::string one(4096, 'a');
  const std::string two(4096, 'b');
  disk.write(0, one + two);
  const Verity verity =
      write_verity(disk, 0, 8192, 1U << 20, "salt", derived_uuid("content", "verity"), 2);
  std::string level = hash("salt" + one) + hash("salt" + two);
  level.resize(4096, '\0');
  CHECK(verity.root_hash == digits_of_bytes(hash("salt" + level)));
  CHECK(verity.data_blocks == 2);
  CHECK(verity.hash_blocks == 2);
  CHECK(disk.read((1U << 20) + 4096, 4096) == level);
  CHECK(disk.read(1U << 20, 8) == std::string("verity\0\0", 8));
  CHECK(verity_parameters(verity) == "root_hash=" + verity.root_hash +
                                         ",salt=73616c74,data_blocks=2,data_block_size=4096,"
                                         "hash_block_size=4096");
}

TEST_CASE("a hash tree of several levels is the same for any number of threads", "[disk]") {
  const TempDir dir;
  DiskFile disk(dir.path() + "/disk");
  constexpr std::uint64_t kSize = 129 * 128 * std::uint64_t{4096};  // three levels
  disk.resize(kSize);
  disk.write(5000, "something");
  const Uuid uuid = derived_uuid("content", "verity");
  const Verity one = write_verity(disk, 0, kSize, kSize, "", uuid, 1);
  const Verity four = write_verity(disk, 0, kSize, 2 * kSize, "", uuid, 4);
  CHECK(one.root_hash == four.root_hash);
  CHECK(one.hash_blocks == 1 + 129 + 2 + 1);
  CHECK(disk.read(kSize, one.hash_blocks * 4096) == disk.read(2 * kSize, one.hash_blocks * 4096));
  disk.write(kSize - 1, "x");
  CHECK(write_verity(disk, 0, kSize, 2 * kSize, "", uuid, 2).root_hash != one.root_hash);
}

TEST_CASE("an ext4 is as large as its tree and the free share ask for", "[disk]") {
  Tree tree;
  const auto add = [&](const std::string& path, std::uint64_t size) {
    Node node = make_text_file(path, "", 0644);
    node.content->size = size;
    tree.put(std::move(node));
  };
  add("large", 90U << 20);
  const std::uint64_t full = ext4_size(tree, 0, 0);
  CHECK(full >= 90U << 20);
  CHECK(full <= 93U << 20);
  const std::uint64_t half = ext4_size(tree, 50, 0);
  CHECK(half >= 180U << 20);
  CHECK(half <= 188U << 20);
  CHECK(ext4_size(tree, 10, 64U << 20) - full <= 65U << 20);
  CHECK(ext4_size(tree, 10, 64U << 20) - full >= 64U << 20);
  CHECK(full % (1U << 20) == 0);
}
