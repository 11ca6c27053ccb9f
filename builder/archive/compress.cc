// SPDX-License-Identifier: Apache-2.0
#include "builder/archive/compress.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <vector>

#include "builder/archive/compressor.h"
#include "runtime/base/error.h"
#include "runtime/base/fd.h"

namespace kata::archive {

using recipe::CompressionType;

int default_level(CompressionType type) noexcept {
  switch (type) {
    case CompressionType::none:
      return 0;
    case CompressionType::gzip:
      return 9;
    case CompressionType::xz:
      return 6;
    case CompressionType::lz4:
      return 12;
    case CompressionType::zstd:
      break;
  }
  return 19;
}

std::uint64_t compress_file(const std::string& from, const std::string& to,
                            const recipe::Compression& compression) {
  const UniqueFd in = open_file(from, O_RDONLY);
  return in_context(
      [&] {
        Compressor compressor(to, compression, 1);
        std::vector<char> buffer(1U << 20);
        for (;;) {
          const ssize_t count = ::read(in.get(), buffer.data(), buffer.size());
          if (count < 0 && errno == EINTR) continue;
          if (count < 0) throw_errno(errno, "read {}", from);
          if (count == 0) return compressor.finish();
          compressor.add({buffer.data(), static_cast<std::size_t>(count)});
        }
      },
      "compress {} into {}", from, to);
}

}  // namespace kata::archive
