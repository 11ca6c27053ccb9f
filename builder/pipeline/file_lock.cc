// SPDX-License-Identifier: Apache-2.0
#include "builder/pipeline/file_lock.h"

#include <fcntl.h>
#include <sys/file.h>

#include <cerrno>

#include "builder/pipeline/interrupt.h"
#include "runtime/base/error.h"

namespace kata::pipeline {

namespace {

void wait_for_lock(int fd, const std::string& path) {
  while (::flock(fd, LOCK_EX) != 0) {
    if (errno != EINTR) throw_errno(errno, "lock {}", path);
    throw_if_interrupted();
  }
}

}  // namespace

FileLock::FileLock(const std::string& path, const std::function<void()>& on_wait)
    : fd_(open_file(path, O_RDWR | O_CREAT, 0644)) {
  if (::flock(fd_.get(), LOCK_EX | LOCK_NB) == 0) return;
  if (errno != EWOULDBLOCK) throw_errno(errno, "lock {}", path);
  if (on_wait) on_wait();
  wait_for_lock(fd_.get(), path);
}

std::optional<FileLock> FileLock::try_lock(const std::string& path) {
  UniqueFd fd = open_file(path, O_RDWR | O_CREAT, 0644);
  if (::flock(fd.get(), LOCK_EX | LOCK_NB) == 0) return FileLock(std::move(fd));
  if (errno != EWOULDBLOCK) throw_errno(errno, "lock {}", path);
  return std::nullopt;
}

FileLock FileLock::of_directory(const std::string& path) {
  UniqueFd fd = open_file(path, O_RDONLY | O_DIRECTORY);
  wait_for_lock(fd.get(), path);
  return FileLock(std::move(fd));
}

}  // namespace kata::pipeline
