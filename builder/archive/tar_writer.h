// SPDX-License-Identifier: Apache-2.0
//
// A tar archive in which nothing of the builder's machine is: the files in order of their names,
// owned by root, of one time.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace kata::archive {

/// A file, a symbolic link (`target` is set) or a folder (`directory`). A file's bytes are those of
/// `source`, or `content` when that is empty.
struct TarFile {
  std::string path;  ///< in the archive, without a leading slash
  unsigned mode = 0644;
  std::string source{};
  std::string content{};
  std::string target{};
  bool directory = false;
};

/// Writes the files, and the folders they are in (0755), to the new file `to`. Equal files and
/// times give equal bytes. Throws Error, for two files of one path too.
void write_tar(std::vector<TarFile> files, std::int64_t mtime, const std::string& to);

/// What decides the archive's bytes: paths, modes, targets and contents as one SHA-256. Throws
/// Error.
[[nodiscard]] std::string tar_digest(std::vector<TarFile> files);

}  // namespace kata::archive
