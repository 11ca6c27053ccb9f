// SPDX-License-Identifier: Apache-2.0
//
// The last step of every stage: outputs appear in the user's folder whole, by rename, or not at
// all.
#pragma once

#include <string>
#include <string_view>

#include "builder/pipeline/file_lock.h"

namespace kata::pipeline {

/// Holds the output folder for one builder and clears what a killed one left in it.
class OutputFolder {
 public:
  /// Makes the folder when it is not there and waits for another builder that writes to it. Throws
  /// Error.
  explicit OutputFolder(const std::string& path);
  /// Copies `from` in as `name`; a file that has these bytes already is left alone. Throws Error.
  void add_file(const std::string& from, const std::string& name, unsigned mode = 0644);
  /// Copies the folder `from` in as `name`, in place of one that is there. Throws Error.
  void add_folder(const std::string& from, const std::string& name);
  /// Writes `text` as `name`. Throws Error.
  void add_text(std::string_view text, const std::string& name);
  /// Makes `name` a symbolic link to `target`. Throws Error.
  void add_symlink(const std::string& target, const std::string& name);
  /// Removes `name`, when it is there. Throws Error.
  void remove(const std::string& name);
  /// Removes the folder `name` with all that is in it, when it is there. Throws Error.
  void remove_folder(const std::string& name);
  [[nodiscard]] std::string path_of(std::string_view name) const;

 private:
  std::string path_;
  FileLock lock_;
};

/// Copies a file's bytes, onto another file system too; holes stay holes; `to` is created or
/// replaced. Throws Error.
void copy_file(const std::string& from, const std::string& to, unsigned mode);

}  // namespace kata::pipeline
