// SPDX-License-Identifier: Apache-2.0
//
// The contents of unpacked files, one after another in one file: thousands of small files would
// cost more to make and to open.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "builder/pipeline/digest.h"
#include "builder/rootfs/tree.h"
#include "runtime/base/fd.h"

namespace kata::rootfs {

class Spool {
 public:
  /// Makes the new, empty file `path`. Throws Error.
  explicit Spool(std::string path);
  /// Appends what `fill` hands to the function that it is given, and takes its digest on the way.
  /// Throws Error.
  [[nodiscard]] std::shared_ptr<Content> add(
      const std::function<void(const std::function<void(std::string_view)>&)>& fill);
  [[nodiscard]] const std::string& path() const noexcept { return path_; }
  [[nodiscard]] std::uint64_t size() const noexcept { return size_; }
  /// The SHA-256 of the whole file; nothing can be added any more.
  [[nodiscard]] std::string finish() { return whole_.finish(); }

 private:
  void write(std::string_view part);
  void flush();

  std::string path_;
  UniqueFd fd_;
  std::string buffer_;
  std::uint64_t size_ = 0;
  pipeline::Sha256 whole_;
};

}  // namespace kata::rootfs
