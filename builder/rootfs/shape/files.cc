// SPDX-License-Identifier: Apache-2.0
#include "builder/rootfs/shape/files.h"

#include <sys/stat.h>

#include <cerrno>
#include <string>
#include <utility>
#include <vector>

#include "builder/rootfs/folder.h"
#include "builder/rootfs/shape/capabilities.h"
#include "builder/rootfs/shape/glob.h"
#include "builder/rootfs/shape/origin.h"
#include "builder/rootfs/shape/tree_path.h"
#include "runtime/base/error.h"
#include "runtime/base/path.h"

namespace kata::rootfs {
namespace {

using archive::EntryKind;
using recipe::FileKind;
using recipe::ImageAttributes;
using recipe::ImageFile;
using recipe::ImageRecipe;

// Only whether a file may be run is taken from the builder: the rest of a mode comes from
// somebody's umask
unsigned mode_from_builder(unsigned mode) { return (mode & 0100U) != 0 ? 0755 : 0644; }

Node node_of(const ImageFile& file) {
  const std::string path = file.path.substr(1);
  switch (file.kind) {
    case FileKind::symlink:
      return make_symlink(path, file.target);
    case FileKind::directory:
      return make_directory(path, file.mode.value_or(0755));
    case FileKind::device:
      return make_device(path, file.block_device, file.device_major, file.device_minor,
                         file.mode.value_or(0600));
    case FileKind::content:
      return make_text_file(path, file.content, file.mode.value_or(0644));
    case FileKind::source:
      break;
  }
  struct stat status {};
  if (::stat(file.source.c_str(), &status) != 0)
    throw_errno(errno, "read {} for {}", file.source, file.path);
  return make_file(path, file.source, file.mode.value_or(mode_from_builder(status.st_mode)));
}

/// A folder of the overlay: nothing happens where the image has one.
void lay_folder(Node node, Tree& tree) {
  const TreePath there = resolve(tree, node.entry.path);
  if (there.state == TreePath::State::found &&
      (there.path.empty() || tree.find(there.path)->entry.kind == EntryKind::directory))
    return;
  node.entry.mode = 0755;
  put_through(tree, std::move(node));
}

void lay_node(Node node, Tree& tree) {
  switch (node.entry.kind) {
    case EntryKind::directory:
      lay_folder(std::move(node), tree);
      return;
    case EntryKind::file:
      node.entry.mode = mode_from_builder(node.entry.mode);
      break;
    default:
      break;
  }
  put_through(tree, std::move(node));
}

void set_attribute(Node& node, const ImageAttributes& attributes) {
  if (attributes.owner) {
    node.entry.uid = attributes.owner->first;
    node.entry.gid = attributes.owner->second;
  }
  if (attributes.mode) node.entry.mode = *attributes.mode;
  for (const auto& [name, value] : attributes.xattrs) node.entry.xattrs[name] = value;
  if (!attributes.capabilities.empty())
    node.entry.xattrs[kCapabilityAttribute] = capability_attribute(attributes.capabilities);
}

/// Names of one file share owner, mode and attributes, whichever of them was meant.
void put_with_names(Tree& tree, Node node) {
  if (node.content.use_count() > 2) {
    std::vector<Node> names;
    for (const auto& [path, other] : tree.nodes()) {
      if (other.content != node.content) continue;
      Node name = other;
      name.entry.uid = node.entry.uid;
      name.entry.gid = node.entry.gid;
      name.entry.mode = node.entry.mode;
      name.entry.xattrs = node.entry.xattrs;
      names.push_back(std::move(name));
    }
    for (Node& name : names) tree.put(std::move(name));
  }
  tree.put(std::move(node));
}

/// Why a node cannot have what an entry says; null: it can.
const char* unfit(const Node& node, const ImageAttributes& attributes) {
  if (attributes.mode && node.entry.kind == EntryKind::symlink)
    return "it is a symbolic link, which has no mode: name what it leads to";
  if (!attributes.capabilities.empty() && node.entry.kind != EntryKind::file)
    return "it is no regular file, and only those have capabilities";
  return nullptr;
}

}  // namespace

void add_overlays(const ImageRecipe& recipe, Tree& tree) {
  for (const std::string& folder : recipe.overlays) {
    in_context(
        [&] {
          read_folder(folder, [&](Node node) {
            node.origin = std::string(kOverlayOrigin) + " " + std::string(base_name(folder));
            node.entry.xattrs.clear();
            lay_node(std::move(node), tree);
          });
        },
        "{}: overlay {}", recipe.file, folder);
  }
}

void add_files(const ImageRecipe& recipe, Tree& tree) {
  for (const ImageFile& file : recipe.files) {
    in_context(
        [&] {
          if (file.path == "/")
            throw_error(Code::invalid_argument, "a file cannot be /: that is the image's root");
          Node node = node_of(file);
          node.origin = kFilesOrigin;
          node.entry.uid = file.uid;
          node.entry.gid = file.gid;
          node.entry.xattrs = file.xattrs;
          if (!file.capabilities.empty())
            node.entry.xattrs[kCapabilityAttribute] = capability_attribute(file.capabilities);
          put_through(tree, std::move(node));
        },
        "{}", recipe.file);
  }
}

void set_attributes(const ImageRecipe& recipe, Tree& tree) {
  for (const ImageAttributes& attributes : recipe.attributes) {
    const Glob glob = glob_in(tree, attributes.path);
    std::size_t count = 0;
    const char* problem = nullptr;
    for (const std::string& path : paths_matching(tree, glob)) {
      Node node = *tree.find(path);
      // A pattern means those of its matches that can have it, a plain path means that one
      if (const char* why = unfit(node, attributes)) {
        problem = why;
        continue;
      }
      ++count;
      in_context([&] { set_attribute(node, attributes); }, "{}: attributes of {}", recipe.file,
                 attributes.path);
      put_with_names(tree, std::move(node));
    }
    if (count > 0) continue;
    throw_error(Code::invalid_argument, "{}: attributes of {}: {}", recipe.file, attributes.path,
                problem != nullptr ? problem : "nothing in the image matches it");
  }
}

}  // namespace kata::rootfs
