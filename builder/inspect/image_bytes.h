// SPDX-License-Identifier: Apache-2.0
//
// An image's bytes by their offset, and the numbers in them.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "runtime/base/fd.h"

namespace kata::inspect {

class ImageBytes {
 public:
  /// Throws Error when `path` is no regular file.
  explicit ImageBytes(const std::string& path);
  /// Up to `count` bytes: fewer at the end of the file, none beyond it.
  [[nodiscard]] std::string read(std::uint64_t offset, std::size_t count) const;
  /// All of `count` bytes. Throws Error(data_loss) when the image ends before.
  [[nodiscard]] std::string need(std::uint64_t offset, std::size_t count) const;
  [[nodiscard]] std::uint64_t size() const noexcept { return size_; }
  [[nodiscard]] const std::string& path() const noexcept { return path_; }
  /// Throws Error(data_loss) that names the image.
  [[noreturn]] void fail(const std::string& why) const;
  /// The same: `what` of the file at `path` is damaged.
  [[noreturn]] void fail_at(std::string_view what, const std::string& path) const;

 private:
  std::string path_;
  UniqueFd fd_;
  std::uint64_t size_ = 0;
};

/// The number of `width` bytes at `offset`, the lowest byte first. The bytes must be there.
[[nodiscard]] std::uint64_t little(std::string_view bytes, std::size_t offset, std::size_t width);

/// The same, the highest byte first.
[[nodiscard]] std::uint64_t big(std::string_view bytes, std::size_t offset, std::size_t width);

}  // namespace kata::inspect
