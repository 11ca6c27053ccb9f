// SPDX-License-Identifier: Apache-2.0
//
// The build cache: results by the hash of their inputs, one work folder per build, locks, and small
// memories such as the number of files the last build compiled. Everything below one folder, safe
// to delete at any time.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "builder/pipeline/file_lock.h"

namespace kata::pipeline {

/// The default: $XDG_CACHE_HOME/katabuild or ~/.cache/katabuild. Throws Error when neither variable
/// is set.
[[nodiscard]] std::string default_cache_folder();

/// A folder of a running build, removed at the end of scope unless kept.
class WorkFolder {
 public:
  /// Makes `path` anew; what an unfinished build left there is removed first. Throws Error.
  explicit WorkFolder(std::string path);
  WorkFolder(const WorkFolder&) = delete;
  WorkFolder& operator=(const WorkFolder&) = delete;
  ~WorkFolder();
  [[nodiscard]] const std::string& path() const noexcept { return path_; }
  void keep() noexcept { kept_ = true; }

 private:
  std::string path_;
  bool kept_ = false;
};

class Cache {
 public:
  /// Makes the folder when it is not there. Throws Error.
  explicit Cache(std::string root);
  [[nodiscard]] const std::string& root() const noexcept { return root_; }
  /// The folder of a finished result, or nothing.
  [[nodiscard]] std::optional<std::string> find(std::string_view kind, std::string_view key) const;
  /// Where the result will be once `replace` was called.
  [[nodiscard]] std::string entry_path(std::string_view kind, std::string_view key) const;
  /// Moves a complete folder of the cache's file system in as a result, at once; a damaged result
  /// that is there goes first. Call with the result's lock held. Throws Error.
  void replace(const std::string& folder, std::string_view kind, std::string_view key) const;
  /// One builder at a time for this result. Throws Error.
  [[nodiscard]] FileLock lock(std::string_view kind, std::string_view key,
                              const std::function<void()>& on_wait) const;
  /// The work folder's path for this result.
  [[nodiscard]] std::string work_path(std::string_view kind, std::string_view key) const;
  /// Removes work folders whose builders are gone. Call without holding a lock.
  void remove_stale_work() const;
  /// Removes results, downloads and logs; with `everything` the compiler cache too. Entries in use
  /// are left.
  void clean(bool everything) const;

  /// A folder of the cache, made when it is not there. Throws Error.
  [[nodiscard]] std::string folder(std::string_view name) const;
  /// A number remembered by name from an earlier build, or nothing.
  [[nodiscard]] std::optional<std::uint64_t> recall(std::string_view name) const;
  void remember(std::string_view name, std::uint64_t number) const;

 private:
  std::string root_;
};

}  // namespace kata::pipeline
