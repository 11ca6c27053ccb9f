// SPDX-License-Identifier: Apache-2.0
//
// Archives of strangers, applied to a tree: tar files, and layers of container images, which also
// take away what earlier layers brought. Nothing is made on the builder but one spool file.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <string>

#include "builder/archive/archive_reader.h"
#include "builder/recipe/image_recipe.h"
#include "builder/rootfs/base/spool.h"
#include "builder/rootfs/tree.h"

namespace kata::rootfs {

class Unpacker {
 public:
  /// All three must outlive it. The limits count over everything that it unpacks.
  Unpacker(Tree& tree, Spool& spool, const recipe::ImageLimits& limits)
      : tree_(tree), spool_(spool), limits_(limits) {}
  /// Adds the entries of a tar or cpio file; a later one replaces an earlier one of its path.
  /// `name` is for messages. Throws Error for a hostile or damaged one.
  void add_archive(archive::ArchiveReader& reader, const std::string& name,
                   const std::string& origin);
  /// As above; names that begin with ".wh." take away what was there before this layer, wherever in
  /// the layer they stand. See the OCI image specification, layer.md.
  void add_layer(archive::ArchiveReader& reader, const std::string& name,
                 const std::string& origin);

 private:
  void begin(const std::string& name, const std::string& origin);
  [[nodiscard]] std::optional<archive::Entry> next_entry(archive::ArchiveReader& reader);
  void add(archive::ArchiveReader& reader, archive::Entry entry);
  [[nodiscard]] std::string resolved(const archive::Entry& entry) const;
  void put(const std::string& path, Node node);
  void put_link(archive::ArchiveReader& reader, const archive::Entry& entry,
                const std::string& path);
  [[nodiscard]] std::shared_ptr<Content> read_content(archive::ArchiveReader& reader,
                                                      const archive::Entry& entry);
  [[nodiscard]] bool take_whiteout(const std::string& path);
  void remove_older(const std::string& path, bool itself);
  [[noreturn]] void refuse(const std::string& path, const std::string& why) const;
  void count(std::uint64_t bytes);

  Tree& tree_;
  Spool& spool_;
  recipe::ImageLimits limits_;
  std::uint64_t size_ = 0;
  std::uint64_t entries_ = 0;
  std::string name_;
  std::string origin_;
  std::set<std::string> fresh_;  ///< of the layer at work, and the folders above them
};

}  // namespace kata::rootfs
