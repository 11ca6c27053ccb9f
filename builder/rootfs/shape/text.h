// SPDX-License-Identifier: Apache-2.0
//
// Text files of a tree that the builder itself reads and changes: passwd(5), ld.so.conf.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "builder/rootfs/tree.h"

namespace kata::rootfs {

/// The first bytes of a file, at most `limit`. Throws Error when they cannot be read.
[[nodiscard]] std::string first_bytes(const Content& content, const std::string& path,
                                      std::uint64_t limit);
/// `size` bytes from `offset`, fewer where the file ends. Throws Error.
[[nodiscard]] std::string bytes_at(const Content& content, const std::string& path,
                                   std::uint64_t offset, std::uint64_t size);
/// The text at a path, links followed; nothing when there is no file. Throws Error for one over
/// 16 MiB.
[[nodiscard]] std::optional<std::string> text_at(const Tree& tree, std::string_view path);
/// The text's lines without their ends.
[[nodiscard]] std::vector<std::string> lines_of(std::string_view text);
/// Puts `text` at `path`: a file that is there keeps owner, mode and attributes, its origin gets
/// `origin` added; a new one has `mode`.
void replace_text(Tree& tree, std::string_view path, const std::string& text, unsigned mode,
                  const std::string& origin);

}  // namespace kata::rootfs
