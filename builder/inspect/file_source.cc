// SPDX-License-Identifier: Apache-2.0
#include "builder/inspect/file_source.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "builder/pipeline/interrupt.h"
#include "runtime/base/error.h"

namespace kata::inspect {

FileSource::FileSource(const std::string& path)
    : path_(path), fd_(open_file(path, O_RDONLY | O_NONBLOCK)), buffer_(1U << 18) {
  struct stat status {};
  if (::fstat(fd_.get(), &status) != 0) throw_errno(errno, "look at {}", path);
  if (!S_ISREG(status.st_mode))
    throw_error(Code::invalid_argument, "read {}: it is no regular file", path);
}

std::string_view FileSource::peek(std::size_t least) {
  KATA_ASSERT(least <= 4096);
  while (!at_end_ && end_ - begin_ < least) {
    pipeline::throw_if_interrupted();
    if (begin_ > 0) {
      std::memmove(buffer_.data(), buffer_.data() + begin_, end_ - begin_);
      end_ -= begin_;
      begin_ = 0;
    }
    const ssize_t count = ::read(fd_.get(), buffer_.data() + end_, buffer_.size() - end_);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) throw_errno(errno, "read {}", path_);
    at_end_ = count == 0;
    end_ += static_cast<std::size_t>(count);
  }
  return {buffer_.data() + begin_, end_ - begin_};
}

void FileSource::consume(std::size_t count) {
  KATA_ASSERT(count <= end_ - begin_);
  begin_ += count;
  offset_ += count;
}

}  // namespace kata::inspect
