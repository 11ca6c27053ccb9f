// SPDX-License-Identifier: Apache-2.0
//
// Reading tar, cpio and RPM files, compressed or not, through libarchive; entries come out as plain
// values.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace kata::archive {

enum class EntryKind {
  file,
  directory,
  symlink,
  hardlink,
  character_device,
  block_device,
  fifo,
  socket
};

struct Entry {
  EntryKind kind = EntryKind::file;
  std::string path;    ///< as in the archive
  std::string target;  ///< of a symbolic or hard link
  unsigned mode = 0;   ///< permission bits, set-user-id included
  unsigned uid = 0;
  unsigned gid = 0;
  unsigned device_major = 0;
  unsigned device_minor = 0;
  std::uint64_t size = 0;
  std::int64_t mtime = 0;
  std::map<std::string, std::string> xattrs;  ///< extended attributes by name
};

class ArchiveReader {
 public:
  /// Opens `path`; throws Error when it is missing or in no known format.
  explicit ArchiveReader(const std::string& path);
  /// Reads a plain tar whose bytes `next` hands over, a block a call; an empty one is the end.
  /// `name` is for messages. What `next` throws comes out of the call that needed its bytes.
  ArchiveReader(const std::string& name, std::function<std::string_view()> next);
  ~ArchiveReader();
  ArchiveReader(const ArchiveReader&) = delete;
  ArchiveReader& operator=(const ArchiveReader&) = delete;
  /// The next entry, or nothing at the end. Throws Error for a damaged archive; stops when
  /// interrupted.
  [[nodiscard]] std::optional<Entry> next();
  /// Writes the current entry's content to a descriptor; returns how many bytes. Throws Error.
  std::uint64_t copy_content(int fd);
  /// Hands the current entry's content over, part by part; returns how many bytes. Throws Error.
  std::uint64_t read_content(const std::function<void(std::string_view)>& take);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// The entry's path without leading slashes and "./"; throws Error(invalid_argument) when it holds
/// "..".
[[nodiscard]] std::string safe_entry_path(const Entry& entry, const std::string& archive_path);

}  // namespace kata::archive
