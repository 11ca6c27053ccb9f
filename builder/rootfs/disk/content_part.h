// SPDX-License-Identifier: Apache-2.0
//
// A stretch of a file's bytes: file systems are written in blocks, large files by several threads.
#pragma once

#include <cstdint>
#include <string>

#include "builder/rootfs/tree.h"

namespace kata::rootfs {

/// Exactly `size` bytes of the content from `offset` on, which must be within it; `path` is for
/// messages. Threads may call it for one content. Throws Error.
[[nodiscard]] std::string read_content_part(const Content& content, const std::string& path,
                                            std::uint64_t offset, std::uint64_t size);

}  // namespace kata::rootfs
