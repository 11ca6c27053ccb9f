// SPDX-License-Identifier: Apache-2.0
//
// Compressed metadata in memory, both ways. A gzip file is written as members of some dozens of
// packages each, which every reader takes as one; a member whose text has not changed is taken over
// from the file published before, so that adding one package compresses one member. The bytes
// depend on the text alone: no time and no name goes into them.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "builder/recipe/repo_recipe.h"

namespace kata::repo {

/// A file that was read: its text, and where each gzip member's text and bytes are.
class MetadataText {
 public:
  /// Decompresses `bytes` (gzip, zstd, xz, bzip2 or nothing); `name` is for messages. Throws Error
  /// for damaged data and beyond 2 GiB.
  MetadataText(std::string bytes, const std::string& name);
  [[nodiscard]] const std::string& text() const noexcept { return text_; }
  /// The gzip member that holds exactly `text`; empty when there is none.
  [[nodiscard]] std::string_view member_of(std::string_view text) const;

 private:
  struct Member {
    std::size_t text_begin = 0;
    std::size_t text_size = 0;
    std::size_t begin = 0;
    std::size_t size = 0;
  };
  void read_gzip(const std::string& name);
  void read_other(const std::string& name);

  std::string bytes_;
  std::string text_;
  std::unordered_map<std::size_t, Member> members_;  ///< by the text's hash
};

/// Compresses the blocks one after the other, with what `before` (may be null) can spare. Throws
/// Error.
[[nodiscard]] std::string compressed(std::span<const std::string> blocks,
                                     recipe::MetadataCompression type, const MetadataText* before);
/// ".gz" or ".zst".
[[nodiscard]] const char* compression_suffix(recipe::MetadataCompression type) noexcept;

}  // namespace kata::repo
