// SPDX-License-Identifier: Apache-2.0
//
// Pipes as the kernel sees them: rows of pages, which go from one to the next without being copied.
#pragma once

#include <cstddef>
#include <optional>

namespace kata::sys {

/// Bytes that lie in a pipe (FIONREAD); 0 when the descriptor cannot tell.
[[nodiscard]] std::size_t bytes_in(int fd) noexcept;
/// Makes a pipe as large as the kernel lets it, up to `size` (F_SETPIPE_SZ). The limit of
/// /proc/sys/fs/pipe-max-size may forbid it, which costs only speed.
void enlarge_pipe(int fd, std::size_t size) noexcept;
/// splice(2) of up to `size` bytes, without waiting for the pipe's other end: how many were moved,
/// 0 at the end of file, nothing when now none can be. Throws Error.
[[nodiscard]] std::optional<std::size_t> splice_now(int from, int to, std::size_t size);

}  // namespace kata::sys
