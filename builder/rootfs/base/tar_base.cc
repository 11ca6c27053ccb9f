// SPDX-License-Identifier: Apache-2.0
#include "builder/rootfs/base/tar_base.h"

#include <fcntl.h>

#include <optional>
#include <utility>

#include "runtime/base/error.h"
#include "runtime/base/fd.h"
#include "runtime/base/path.h"

namespace kata::rootfs {
namespace {

using archive::Entry;
using archive::EntryKind;
using recipe::ImageRecipe;

/// A name that a hard link of the tar refers to.
std::shared_ptr<Content> linked_content(const Entry& entry, const Tree& tree,
                                        const std::string& tar) {
  Entry target;
  target.path = entry.target;
  const Node* node = tree.find(archive::safe_entry_path(target, tar));
  if (node == nullptr || !node->content) {
    throw_error(Code::invalid_argument,
                "{}: entry {} is a hard link to {}, which is no file before it", tar, entry.path,
                entry.target);
  }
  return node->content;
}

}  // namespace

void read_tar_base(const ImageRecipe& recipe, const std::string& work, Tree& tree) {
  const std::string spool_path = join_path(work, "base.spool");
  const UniqueFd spool = open_file(spool_path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
  std::uint64_t offset = 0;
  archive::ArchiveReader reader(recipe.base.path);
  while (std::optional<Entry> entry = reader.next()) {
    Node node;
    node.entry = *entry;
    node.origin = "base";
    node.entry.path = archive::safe_entry_path(*entry, recipe.base.path);
    if (node.entry.path.empty()) continue;
    if (entry->kind == EntryKind::socket) continue;
    if (entry->kind == EntryKind::hardlink) {
      node.content = linked_content(*entry, tree, recipe.base.path);
      node.entry.kind = EntryKind::file;
      node.entry.target.clear();
    } else if (entry->kind == EntryKind::file) {
      node.content = std::make_shared<Content>();
    }
    // A cpio archive's last hard link carries the bytes of all
    if (node.content && (entry->kind == EntryKind::file || entry->size > 0)) {
      const std::uint64_t size =
          in_context([&] { return reader.copy_content(spool.get()); }, "write {}", spool_path);
      *node.content =
          Content{.text = {}, .file = spool_path, .offset = offset, .size = size, .sha256 = {}};
      offset += size;
    }
    in_context([&] { tree.put(std::move(node)); }, "{}", recipe.base.path);
  }
}

}  // namespace kata::rootfs
