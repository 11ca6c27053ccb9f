// SPDX-License-Identifier: Apache-2.0
//
// A root file system as a sorted list of values. No file of it is ever made on the builder, which
// is why devices and foreign owners need no privilege.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>

#include "builder/archive/archive_reader.h"
#include "builder/archive/cpio_writer.h"

namespace kata::rootfs {

/// A regular file's bytes: a text, or a part of a file on the builder. Names that share one object
/// are hard links.
struct Content {
  std::string text;
  std::string file;  ///< when not empty, the bytes are [offset, offset + size) of it
  std::uint64_t offset = 0;
  std::uint64_t size = 0;
};

struct Node {
  archive::Entry entry;              ///< path without a leading slash
  std::shared_ptr<Content> content;  ///< of regular files
};

class Tree {
 public:
  /// Adds or replaces; folders above that are not there come into being (0755, root). Throws Error
  /// when a part of the path above is no folder, or when a folder with entries would give way to
  /// something else.
  void put(Node node);
  [[nodiscard]] const Node* find(const std::string& path) const;
  [[nodiscard]] bool contains(const std::string& path) const { return find(path) != nullptr; }
  [[nodiscard]] const std::map<std::string, Node>& nodes() const noexcept { return nodes_; }

 private:
  std::map<std::string, Node> nodes_;
};

[[nodiscard]] Node make_directory(const std::string& path, unsigned mode);
[[nodiscard]] Node make_symlink(const std::string& path, const std::string& target);
[[nodiscard]] Node make_device(const std::string& path, bool block, unsigned major, unsigned minor,
                               unsigned mode);
[[nodiscard]] Node make_text_file(const std::string& path, const std::string& text, unsigned mode);
/// The whole of the builder's file `source`. Throws Error when it is no readable regular file.
[[nodiscard]] Node make_file(const std::string& path, const std::string& source, unsigned mode);

/// SHA-256 over every path, kind, mode, owner, device, target and content: equal trees have equal
/// digests.
[[nodiscard]] std::string tree_digest(const Tree& tree);
/// Writes the tree, every time stamp `mtime`. Throws Error.
void write_tree(const Tree& tree, std::int64_t mtime, archive::CpioWriter& writer);

}  // namespace kata::rootfs
