// SPDX-License-Identifier: Apache-2.0
//
// One builder at a time per cache entry. flock(2) goes away with its holder, so a killed build
// blocks nobody.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "runtime/base/fd.h"

namespace kata::pipeline {

class FileLock {
 public:
  /// Waits for the lock; `on_wait` is called once when somebody else holds it. Throws Error; stops
  /// when interrupted.
  FileLock(const std::string& path, const std::function<void()>& on_wait);
  /// The lock, or nothing when somebody else holds it. Throws Error.
  [[nodiscard]] static std::optional<FileLock> try_lock(const std::string& path);
  /// Waits for the lock of a folder itself, which needs no file in it. Throws Error.
  [[nodiscard]] static FileLock of_directory(const std::string& path);

 private:
  explicit FileLock(UniqueFd fd) : fd_(std::move(fd)) {}
  UniqueFd fd_;
};

}  // namespace kata::pipeline
