// SPDX-License-Identifier: Apache-2.0
//
// Many bytes on their way from one pipe to a connection: they lie in a pipe of their own, so their
// number is known before the first one leaves, and nobody else can take one. Where the connection
// can be spliced into, as a virtio-serial port can, no byte of them is copied.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>

#include "runtime/base/fd.h"

namespace kata::wire {

class PipedBytes {
 public:
  /// For up to `capacity` bytes, or as many as the kernel lets a pipe have. Throws Error.
  explicit PipedBytes(std::size_t capacity);

  /// Takes what lies in the pipe `fd`, up to `limit` bytes: how many, 0 at its end, nothing while
  /// it is empty. Throws Error.
  [[nodiscard]] std::optional<std::size_t> take_from(int fd, std::size_t limit);
  /// Gives some to `fd`: how many, nothing while it takes none. Throws Error; code
  /// invalid_argument when nothing can be spliced into `fd`.
  [[nodiscard]] std::optional<std::size_t> give_to(int fd);
  /// Takes some out again. Throws Error.
  [[nodiscard]] std::string read_some();
  [[nodiscard]] std::size_t size() const noexcept { return size_; }

 private:
  Pipe pipe_;
  std::size_t size_ = 0;
};

}  // namespace kata::wire
