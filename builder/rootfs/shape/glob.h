// SPDX-License-Identifier: Apache-2.0
//
// Patterns of paths in an image: `*`, `?` and `[..]` within one part of the path, `**` as a part of
// its own for any number of folders.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "builder/rootfs/tree.h"

namespace kata::rootfs {

class Glob {
 public:
  /// An absolute pattern as a recipe has it; a slash at its end says nothing.
  explicit Glob(std::string_view pattern);
  /// Whether it matches a path without a leading slash.
  [[nodiscard]] bool matches(std::string_view path) const;
  /// Whether it matches the path or a folder above it.
  [[nodiscard]] bool covers(std::string_view path) const;
  /// The pattern as it was written.
  [[nodiscard]] const std::string& text() const noexcept { return text_; }
  /// The parts before the first one with a wildcard, the last part never among them.
  [[nodiscard]] std::string fixed_folder() const;
  /// The same pattern below another folder than fixed_folder().
  [[nodiscard]] Glob with_folder(std::string_view folder) const;

 private:
  [[nodiscard]] bool matches_parts(const std::vector<std::string_view>& names,
                                   std::size_t count) const;
  std::string text_;
  std::vector<std::string> parts_;
  std::size_t fixed_ = 0;
};

/// The pattern for this tree: links in its fixed folders are followed, so that "/sbin/*" means
/// "/usr/sbin/*" where /sbin is a link.
[[nodiscard]] Glob glob_in(const Tree& tree, std::string_view pattern);
[[nodiscard]] std::vector<Glob> globs_in(const Tree& tree,
                                         const std::vector<std::string>& patterns);
/// The paths of the tree that it matches, sorted.
[[nodiscard]] std::vector<std::string> paths_matching(const Tree& tree, const Glob& glob);

}  // namespace kata::rootfs
