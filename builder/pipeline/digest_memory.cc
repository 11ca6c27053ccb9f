// SPDX-License-Identifier: Apache-2.0
#include "builder/pipeline/digest_memory.h"

#include <sys/stat.h>

#include <cerrno>

#include "builder/pipeline/digest.h"
#include "runtime/base/error.h"
#include "runtime/base/io.h"
#include "runtime/base/path.h"

namespace kata::pipeline {

std::string remembered_sha256(const std::string& path, const Cache& cache) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) throw_errno(errno, "read {}", path);
  if (!S_ISREG(status.st_mode)) throw_error(Code::invalid_argument, "read {}: not a file", path);
  const std::string identity = fmt::format(
      "{} {} {} {}.{:09} {}.{:09}", path, status.st_ino, status.st_size, status.st_mtim.tv_sec,
      status.st_mtim.tv_nsec, status.st_ctim.tv_sec, status.st_ctim.tv_nsec);
  const std::string memory = join_path(cache.folder("digests"), sha256_of_text(identity));
  if (std::optional<std::string> known = read_file_if_exists(memory); known && known->size() == 64)
    return *known;
  std::string digest = sha256_of_file(path);
  ignore_error([&] { write_file_atomic(memory, digest); }, "it only saves time");
  return digest;
}

}  // namespace kata::pipeline
