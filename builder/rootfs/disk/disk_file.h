// SPDX-License-Identifier: Apache-2.0
//
// The image's file while it is written: blocks go to their places, what is never written stays a
// hole.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "runtime/base/fd.h"

namespace kata::rootfs {

class DiskFile {
 public:
  /// Makes `path` anew. Throws Error.
  explicit DiskFile(const std::string& path);
  /// Writes `bytes` at `offset` of the file. Throws Error.
  void write(std::uint64_t offset, std::string_view bytes);
  /// As many bytes as asked for; beyond the file's end they are zero. Throws Error.
  [[nodiscard]] std::string read(std::uint64_t offset, std::uint64_t size) const;
  /// The file's size from now on. Throws Error.
  void resize(std::uint64_t size);
  [[nodiscard]] const std::string& path() const noexcept { return path_; }

 private:
  std::string path_;
  UniqueFd fd_;
};

/// Appends `value` to `bytes`, the lowest byte first.
void append_little_endian(std::string& bytes, std::uint64_t value, unsigned size);
/// The next multiple of `unit`, a power of two.
[[nodiscard]] constexpr std::uint64_t align_up(std::uint64_t value, std::uint64_t unit) noexcept {
  return (value + unit - 1) & ~(unit - 1);
}

}  // namespace kata::rootfs
