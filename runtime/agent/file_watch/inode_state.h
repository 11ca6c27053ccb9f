// SPDX-License-Identifier: Apache-2.0
//
// What a watched file or folder looked like, and what has become of it since, in inotify(7)'s
// words.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace kata::agent {

struct FileFigures {
  std::uint64_t inode = 0;
  std::uint64_t size = 0;
  std::int64_t modified = 0;  ///< nanoseconds since the epoch
  std::int64_t changed = 0;   ///< the same, of the inode: mode and owner
  bool is_directory = false;
  bool operator==(const FileFigures&) const = default;
};

struct InodeState {
  FileFigures self;
  bool is_gone = false;                        ///< no name leads to it any more
  std::map<std::string, FileFigures> entries;  ///< of a folder
};

/// Folders with more entries are seen as a whole only.
inline constexpr std::size_t kMostWatchedEntries = 20000;

/// Of the file that `fd` (O_PATH) is open for; the file system's server is asked. Throws Error.
[[nodiscard]] InodeState read_inode_state(int fd);

struct InodeChange {
  std::uint32_t mask = 0;
  std::string name;  ///< of a folder's entry; empty: the watched file itself
  bool operator==(const InodeChange&) const = default;
};

/// What a watcher would have been told of. A file that was put in another's place by rename(2) is
/// IN_MOVED_TO, a written one IN_MODIFY and IN_CLOSE_WRITE.
[[nodiscard]] std::vector<InodeChange> changes_between(const InodeState& before,
                                                       const InodeState& after);

}  // namespace kata::agent
