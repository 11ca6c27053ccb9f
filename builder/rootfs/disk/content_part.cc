// SPDX-License-Identifier: Apache-2.0
#include "builder/rootfs/disk/content_part.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

#include "builder/pipeline/interrupt.h"
#include "runtime/base/error.h"
#include "runtime/base/fd.h"

namespace kata::rootfs {

std::string read_content_part(const Content& content, const std::string& path, std::uint64_t offset,
                              std::uint64_t size) {
  KATA_ASSERT(offset + size <= content.size);
  pipeline::throw_if_interrupted();
  if (content.file.empty()) return content.text.substr(offset, size);
  std::string bytes(size, '\0');
  if (size == 0) return bytes;
  const UniqueFd fd = open_file(content.file, O_RDONLY);
  std::uint64_t done = 0;
  while (done < size) {
    const ssize_t count = ::pread(fd.get(), bytes.data() + done, size - done,
                                  static_cast<off_t>(content.offset + offset + done));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) throw_errno(errno, "read {} for /{}", content.file, path);
    if (count == 0)
      throw_error(Code::data_loss, "read {} for /{}: it became shorter meanwhile", content.file,
                  path);
    done += static_cast<std::uint64_t>(count);
  }
  return bytes;
}

}  // namespace kata::rootfs
