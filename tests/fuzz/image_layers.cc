// SPDX-License-Identifier: Apache-2.0
//
// Layers of container images: compressed or not, two of them over each other. Whatever they hold,
// nothing but a tree comes of it, within the limits.
#include <sys/mman.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <string>

#include "builder/archive/archive_reader.h"
#include "builder/archive/decompress.h"
#include "builder/rootfs/base/spool.h"
#include "builder/rootfs/base/unpacker.h"
#include "runtime/base/error.h"
#include "runtime/base/io.h"

namespace {

using namespace kata;

constexpr std::uint64_t kSize = 1U << 20;
constexpr std::uint64_t kEntries = 1000;

std::string memory_file() {
  static const int fd = ::memfd_create("spool", 0);
  return "/proc/self/fd/" + std::to_string(fd);
}

std::string layer_file() {
  static const int fd = ::memfd_create("layer", 0);
  return "/proc/self/fd/" + std::to_string(fd);
}

void check(const rootfs::Tree& tree) {
  std::uint64_t size = 0;
  for (const auto& [path, node] : tree.nodes()) {
    KATA_ASSERT(!path.empty() && path.front() != '/');
    KATA_ASSERT(("/" + path + "/").find("/../") == std::string::npos);
    if (node.content) size += node.content->size;
  }
  // names that share a content count more than once
  KATA_ASSERT(size <= kSize * kEntries);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  // the first two bytes say where the second layer begins
  const std::string all(reinterpret_cast<const char*>(data) + 2, size - 2);
  const std::size_t split = (data[0] + std::size_t{256} * data[1]) % (all.size() + 1);
  rootfs::Tree tree;
  rootfs::Spool spool(memory_file());
  const recipe::ImageLimits limits{.size = kSize, .entries = kEntries};
  rootfs::Unpacker unpacker(tree, spool, limits);
  for (const std::string& layer : {all.substr(0, split), all.substr(split)}) {
    try {
      write_file(layer_file(), layer);
      archive::DecompressedStream stream(layer_file(), 0, layer.size(), 2 * kSize, "layer");
      archive::ArchiveReader reader("layer", [&] { return stream.next(); });
      unpacker.add_layer(reader, "layer", "layer");
    } catch (const Error&) {
      // refused, as it should be
    }
  }
  check(tree);
  KATA_ASSERT(spool.size() <= kSize);
  return 0;
}
