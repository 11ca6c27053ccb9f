// SPDX-License-Identifier: Apache-2.0
//
// Extended attributes of an inode of an XFS: in the inode, or in a block with one more for each
// part of a long value.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "builder/rootfs/disk/xfs_block.h"

namespace kata::rootfs {

class XfsAttributes {
 public:
  /// `path` is for messages. Throws Error for names that an XFS has no place for.
  XfsAttributes(const std::map<std::string, std::string>& xattrs, const std::string& path);
  [[nodiscard]] bool is_empty() const noexcept { return attributes_.empty(); }
  /// What they take of the inode, when `free` bytes of it are theirs at most.
  [[nodiscard]] std::size_t room(std::size_t free) const noexcept;
  /// Writes them, with that much room. Throws Error when there are too many for one block.
  [[nodiscard]] XfsFork write(XfsVolume& volume, std::uint64_t inode, std::size_t free) const;

 private:
  struct Attribute {
    std::uint32_t hash = 0;
    unsigned flags = 0;  ///< whose name it is: kTrusted, kSecurity
    std::string name;
    std::string value;
  };

  [[nodiscard]] std::string short_form() const;
  [[nodiscard]] XfsFork long_form(XfsVolume& volume, std::uint64_t inode) const;

  std::vector<Attribute> attributes_;  ///< by hash, then name
  std::string path_;
};

}  // namespace kata::rootfs
