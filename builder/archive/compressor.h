// SPDX-License-Identifier: Apache-2.0
//
// Compression as it goes along, by all processors, as the kernel's own unpackers want it: xz with a
// CRC32 check, lz4 in its legacy frame, zstd with a small window; no time stamps anywhere.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "builder/recipe/image_recipe.h"

namespace kata::archive {

class Compressor {
 public:
  /// Writes to the new file `path`. Equal bytes give equal files whatever the number of `jobs`.
  /// Throws Error.
  Compressor(const std::string& path, const recipe::Compression& compression, unsigned jobs);
  Compressor(const Compressor&) = delete;
  Compressor& operator=(const Compressor&) = delete;
  ~Compressor();
  /// Throws Error; stops when the build is interrupted.
  void add(std::string_view bytes);
  /// Writes what is left; the file's size. Throws Error.
  std::uint64_t finish();

  class Method;

 private:
  std::unique_ptr<Method> method_;
};

}  // namespace kata::archive
