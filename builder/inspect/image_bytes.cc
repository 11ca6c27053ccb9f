// SPDX-License-Identifier: Apache-2.0
#include "builder/inspect/image_bytes.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "runtime/base/error.h"
#include "runtime/base/foreign_text.h"

namespace kata::inspect {

ImageBytes::ImageBytes(const std::string& path)
    : path_(path), fd_(open_file(path, O_RDONLY | O_NONBLOCK)) {
  struct stat status {};
  if (::fstat(fd_.get(), &status) != 0) throw_errno(errno, "look at {}", path);
  if (!S_ISREG(status.st_mode))
    throw_error(Code::invalid_argument, "read {}: it is no regular file", path);
  size_ = static_cast<std::uint64_t>(status.st_size);
}

void ImageBytes::fail(const std::string& why) const {
  throw_error(Code::data_loss, "read {}: {}", path_, why);
}

void ImageBytes::fail_at(std::string_view what, const std::string& path) const {
  fail(fmt::format("{} of /{} is damaged", what, foreign_line(path, 200)));
}

std::string ImageBytes::read(std::uint64_t offset, std::size_t count) const {
  std::string bytes;
  if (offset >= size_) return bytes;
  count = static_cast<std::size_t>(std::min<std::uint64_t>(count, size_ - offset));
  bytes.resize(count);
  std::size_t used = 0;
  while (used < count) {
    const ssize_t got =
        ::pread(fd_.get(), bytes.data() + used, count - used, static_cast<off_t>(offset + used));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) throw_errno(errno, "read {}", path_);
    if (got == 0) break;
    used += static_cast<std::size_t>(got);
  }
  bytes.resize(used);
  return bytes;
}

std::string ImageBytes::need(std::uint64_t offset, std::size_t count) const {
  std::string bytes = read(offset, count);
  if (bytes.size() != count)
    fail(fmt::format("it has {} bytes, and something in it is said to be at byte {}", size_,
                     offset + count));
  return bytes;
}

std::uint64_t little(std::string_view bytes, std::size_t offset, std::size_t width) {
  KATA_ASSERT(offset + width <= bytes.size());
  std::uint64_t value = 0;
  for (std::size_t i = width; i-- > 0;)
    value = value << 8U | static_cast<unsigned char>(bytes[offset + i]);
  return value;
}

std::uint64_t big(std::string_view bytes, std::size_t offset, std::size_t width) {
  KATA_ASSERT(offset + width <= bytes.size());
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < width; ++i)
    value = value << 8U | static_cast<unsigned char>(bytes[offset + i]);
  return value;
}

}  // namespace kata::inspect
