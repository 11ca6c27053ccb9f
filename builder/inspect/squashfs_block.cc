// SPDX-License-Identifier: Apache-2.0
#include "builder/inspect/squashfs_block.h"

#include <lz4.h>
#include <lzma.h>
#include <zlib.h>
#include <zstd.h>

namespace kata::inspect {
namespace {

constexpr std::uint64_t kXzBlockMemory = 256U << 20;

bool unxz(std::string_view block, std::string& out, std::size_t& size) {
  std::uint64_t memory = kXzBlockMemory;
  std::size_t used = 0;
  return lzma_stream_buffer_decode(&memory, 0, nullptr,
                                   reinterpret_cast<const std::uint8_t*>(block.data()), &used,
                                   block.size(), reinterpret_cast<std::uint8_t*>(out.data()), &size,
                                   out.size()) == LZMA_OK;
}

bool gunzip(std::string_view block, std::string& out, std::size_t& size) {
  uLongf length = out.size();
  if (::uncompress(reinterpret_cast<Bytef*>(out.data()), &length,
                   reinterpret_cast<const Bytef*>(block.data()), block.size()) != Z_OK)
    return false;
  size = length;
  return true;
}

bool unlz4(std::string_view block, std::string& out, std::size_t& size) {
  const int length = LZ4_decompress_safe(block.data(), out.data(), static_cast<int>(block.size()),
                                         static_cast<int>(out.size()));
  if (length < 0) return false;
  size = static_cast<std::size_t>(length);
  return true;
}

bool unzstd(std::string_view block, std::string& out, std::size_t& size) {
  const std::size_t length = ZSTD_decompress(out.data(), out.size(), block.data(), block.size());
  if (ZSTD_isError(length) != 0) return false;
  size = length;
  return true;
}

}  // namespace

bool is_known(SquashfsCompression compression) noexcept {
  return compression == SquashfsCompression::gzip || compression == SquashfsCompression::xz ||
         compression == SquashfsCompression::lz4 || compression == SquashfsCompression::zstd;
}

std::optional<std::string> unpack_block(SquashfsCompression compression, std::string_view block,
                                        std::size_t most) {
  std::string out(most, '\0');
  std::size_t size = 0;
  bool is_good = false;
  switch (compression) {
    case SquashfsCompression::gzip:
      is_good = gunzip(block, out, size);
      break;
    case SquashfsCompression::xz:
      is_good = unxz(block, out, size);
      break;
    case SquashfsCompression::lz4:
      is_good = unlz4(block, out, size);
      break;
    case SquashfsCompression::zstd:
      is_good = unzstd(block, out, size);
      break;
  }
  if (!is_good) return std::nullopt;
  out.resize(size);
  return out;
}

}  // namespace kata::inspect
