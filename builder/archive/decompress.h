// SPDX-License-Identifier: Apache-2.0
//
// A part of a file, decompressed as it is read: gzip, zstd, or plain, told apart by their first
// bytes.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace kata::archive {

class DecompressedStream {
 public:
  /// Reads `size` bytes from `offset` of the file at `path`, which may not become more than
  /// `limit`. `name` is for messages. Throws Error.
  DecompressedStream(const std::string& path, std::uint64_t offset, std::uint64_t size,
                     std::uint64_t limit, std::string name);
  ~DecompressedStream();
  DecompressedStream(const DecompressedStream&) = delete;
  DecompressedStream& operator=(const DecompressedStream&) = delete;
  /// The next block, valid until the next call; empty at the end. Throws Error for damaged or
  /// truncated data, and beyond the limit.
  [[nodiscard]] std::string_view next();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace kata::archive
