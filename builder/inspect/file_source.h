// SPDX-License-Identifier: Apache-2.0
//
// A file read from its beginning to its end, by a reader that looks before it takes.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/base/fd.h"

namespace kata::inspect {

class FileSource {
 public:
  /// Throws Error when `path` cannot be opened or is no regular file.
  explicit FileSource(const std::string& path);
  /// What comes next, at least `least` bytes of it unless the file ends before; empty at the end.
  /// Valid until the next call; `least` is at most 4096. Throws Error.
  [[nodiscard]] std::string_view peek(std::size_t least = 1);
  /// Takes `count` bytes of what peek() showed.
  void consume(std::size_t count);
  /// How far the file has been read.
  [[nodiscard]] std::uint64_t offset() const noexcept { return offset_; }
  [[nodiscard]] const std::string& path() const noexcept { return path_; }

 private:
  std::string path_;
  UniqueFd fd_;
  std::vector<char> buffer_;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
  std::uint64_t offset_ = 0;
  bool at_end_ = false;
};

}  // namespace kata::inspect
