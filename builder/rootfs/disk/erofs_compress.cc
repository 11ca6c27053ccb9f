// SPDX-License-Identifier: Apache-2.0
#include "builder/rootfs/disk/erofs_compress.h"

#include <lz4hc.h>

#include <algorithm>

#include "runtime/base/error.h"

namespace kata::rootfs::erofs {
namespace {

void store(std::string_view bytes, Compressed& result) {
  result.blocks += bytes;
  result.blocks.append(kBlock - bytes.size(), '\0');
  result.extents.push_back({.length = bytes.size(), .blocks = 1, .is_compressed = false});
}

}  // namespace

Compressed compress(std::string_view bytes, int level) {
  Compressed result;
  std::string state(static_cast<std::size_t>(LZ4_sizeofStateHC()), '\0');
  std::string output(kMaxExtentBlocks * kBlock, '\0');
  while (!bytes.empty()) {
    if (bytes.size() < kBlock) {  // one block either way
      store(bytes, result);
      break;
    }
    int taken = static_cast<int>(bytes.size());
    const int size = LZ4_compress_HC_destSize(state.data(), bytes.data(), output.data(), &taken,
                                              static_cast<int>(output.size()), level);
    if (size <= 0) throw_error(Code::internal, "compress by lz4 at level {}", level);
    const std::uint64_t blocks = (static_cast<std::uint64_t>(size) + kBlock - 1) / kBlock;
    const auto length = static_cast<std::uint64_t>(taken);
    if (length > blocks * kBlock) {
      result.blocks.append(blocks * kBlock - static_cast<std::uint64_t>(size), '\0');
      result.blocks.append(output, 0, static_cast<std::size_t>(size));
      result.extents.push_back(
          {.length = length, .blocks = static_cast<std::uint32_t>(blocks), .is_compressed = true});
      bytes.remove_prefix(length);
      continue;
    }
    // What lies beyond has its own chance
    for (std::uint64_t i = 0; i < blocks && bytes.size() >= kBlock; ++i) {
      store(bytes.substr(0, kBlock), result);
      bytes.remove_prefix(kBlock);
    }
  }
  return result;
}

}  // namespace kata::rootfs::erofs
