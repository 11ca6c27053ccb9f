// SPDX-License-Identifier: Apache-2.0
#include "builder/rootfs/disk/disk_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

#include "builder/pipeline/interrupt.h"
#include "runtime/base/error.h"

namespace kata::rootfs {

DiskFile::DiskFile(const std::string& path)
    : path_(path), fd_(open_file(path, O_RDWR | O_CREAT | O_TRUNC, 0644)) {}

void DiskFile::write(std::uint64_t offset, std::string_view bytes) {
  pipeline::throw_if_interrupted();
  while (!bytes.empty()) {
    const ssize_t count =
        ::pwrite(fd_.get(), bytes.data(), bytes.size(), static_cast<off_t>(offset));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) throw_errno(errno, "write to the image {}", path_);
    bytes.remove_prefix(static_cast<std::size_t>(count));
    offset += static_cast<std::uint64_t>(count);
  }
}

std::string DiskFile::read(std::uint64_t offset, std::uint64_t size) const {
  std::string bytes(size, '\0');
  std::uint64_t done = 0;
  while (done < size) {
    const ssize_t count =
        ::pread(fd_.get(), bytes.data() + done, size - done, static_cast<off_t>(offset + done));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) throw_errno(errno, "read the image {}", path_);
    if (count == 0) break;
    done += static_cast<std::uint64_t>(count);
  }
  return bytes;
}

void DiskFile::resize(std::uint64_t size) {
  if (::ftruncate(fd_.get(), static_cast<off_t>(size)) != 0)
    throw_errno(errno, "make the image {} {} bytes long", path_, size);
}

void append_little_endian(std::string& bytes, std::uint64_t value, unsigned size) {
  for (unsigned i = 0; i < size; ++i) bytes += static_cast<char>(value >> (8 * i) & 0xff);
}

}  // namespace kata::rootfs
