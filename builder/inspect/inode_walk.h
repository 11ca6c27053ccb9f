// SPDX-License-Identifier: Apache-2.0
//
// From the inodes of a file system to the files of an image. What a kind of file system stores in
// its own way is asked of its reader; folders, hard links and kinds are the same for all.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "builder/inspect/content.h"

namespace kata::inspect {

struct Inode {
  unsigned mode = 0;  ///< kind and permissions, as stat(2) has them
  unsigned uid = 0;
  unsigned gid = 0;
  std::int64_t mtime = 0;
  std::uint64_t size = 0;
  std::uint64_t links = 1;
  unsigned device_major = 0;
  unsigned device_minor = 0;
};

struct FolderName {
  std::string name;
  std::uint64_t inode = 0;
};

using TakeBytes = std::function<void(std::string_view)>;

/// A kind of file system. Everything throws Error(data_loss) for what contradicts itself, and
/// Error(unimplemented) for what is not known here. `path` is for messages.
class InodeReader {
 public:
  virtual ~InodeReader() = default;
  [[nodiscard]] virtual std::uint64_t root() = 0;
  [[nodiscard]] virtual Inode inode(std::uint64_t number, const std::string& path) = 0;
  /// Of a folder, in any order; "." and ".." may be among them.
  [[nodiscard]] virtual std::vector<FolderName> names(std::uint64_t number,
                                                      const std::string& path) = 0;
  /// A regular file's bytes, in order.
  virtual void read(std::uint64_t number, const std::string& path, const TakeBytes& take) = 0;
  /// Where a symbolic link leads.
  [[nodiscard]] virtual std::string target(std::uint64_t number, const std::string& path) = 0;
  [[nodiscard]] virtual std::map<std::string, std::string> xattrs(std::uint64_t number,
                                                                  const std::string& path) = 0;
};

inline constexpr std::size_t kLongestPath = 4096;

/// Gives the builder everything below the root of the file system in the image at `image`.
void walk_inodes(const std::string& image, InodeReader& reader, ContentBuilder& builder);

}  // namespace kata::inspect
