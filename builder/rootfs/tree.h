// SPDX-License-Identifier: Apache-2.0
//
// A root file system as a sorted list of values. No file of it is ever made on the builder, which
// is why devices and foreign owners need no privilege.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>

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
  std::string sha256{};  ///< when it is known already; empty: to be taken from the bytes
};

struct Node {
  archive::Entry entry;              ///< path without a leading slash
  std::shared_ptr<Content> content;  ///< of regular files
  std::string origin{};  ///< what brought it in, for people: "base", "package bash 5.1-2", "files"
};

class Tree {
 public:
  /// Adds or replaces; folders above that are not there come into being (0755, root). Throws Error
  /// when a part of the path above is no folder, or when a folder with entries would give way to
  /// something else.
  void put(Node node);
  [[nodiscard]] const Node* find(const std::string& path) const;
  /// Takes `path` and all below it away; nothing happens when it is not there.
  void remove(const std::string& path);
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

/// Hands a file's bytes over, part by part; `path` is for messages. Throws Error.
void read_content(const Content& content, const std::string& path,
                  const std::function<void(std::string_view)>& take);
/// The SHA-256 of a file's bytes, the known one when there is one. Throws Error.
[[nodiscard]] std::string content_sha256(const Content& content, const std::string& path);
/// SHA-256 over every path, kind, mode, owner, device, target, content and extended
/// attribute: equal trees have equal digests.
[[nodiscard]] std::string tree_digest(const Tree& tree);
/// Writes the tree, every time stamp `mtime`. Throws Error.
void write_tree(const Tree& tree, std::int64_t mtime, archive::CpioWriter& writer);

}  // namespace kata::rootfs
