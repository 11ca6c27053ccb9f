// SPDX-License-Identifier: Apache-2.0
#include "builder/rootfs/base/spool.h"

#include <fcntl.h>

#include <utility>

#include "runtime/base/error.h"
#include "runtime/base/io.h"

namespace kata::rootfs {
namespace {

constexpr std::size_t kBuffer = 1U << 18;

}  // namespace

Spool::Spool(std::string path)
    : path_(std::move(path)), fd_(open_file(path_, O_WRONLY | O_CREAT | O_TRUNC, 0600)) {}

std::shared_ptr<Content> Spool::add(
    const std::function<void(const std::function<void(std::string_view)>&)>& fill) {
  auto content = std::make_shared<Content>();
  content->file = path_;
  content->offset = size_;
  pipeline::Sha256 digest;
  fill([&](std::string_view part) {
    digest.add(part);
    whole_.add(part);
    write(part);
  });
  flush();  // readers open the file by its path
  content->size = size_ - content->offset;
  content->sha256 = digest.finish();
  return content;
}

void Spool::write(std::string_view part) {
  size_ += part.size();
  buffer_ += part;
  if (buffer_.size() >= kBuffer) flush();
}

void Spool::flush() {
  in_context([&] { write_all(fd_.get(), buffer_); }, "write {}", path_);
  buffer_.clear();
}

}  // namespace kata::rootfs
