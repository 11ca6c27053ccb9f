// SPDX-License-Identifier: Apache-2.0
#include "builder/rootfs/shape/tree_path.h"

#include <algorithm>
#include <utility>

#include "runtime/base/error.h"
#include "runtime/base/path.h"

namespace kata::rootfs {
namespace {

using archive::EntryKind;

// As many as the kernel follows (path_resolution(7))
constexpr std::size_t kMaxLinks = 40;

/// Puts the parts of `path` in front of those still to be walked; `parts` is a stack, the next one
/// last.
void push_parts(std::string_view path, std::vector<std::string>& parts) {
  std::vector<std::string> fresh;
  while (!path.empty()) {
    const std::size_t slash = path.find('/');
    const std::string_view part = path.substr(0, slash);
    if (!part.empty() && part != ".") fresh.emplace_back(part);
    if (slash == std::string_view::npos) break;
    path.remove_prefix(slash + 1);
  }
  parts.insert(parts.end(), std::make_move_iterator(fresh.rbegin()),
               std::make_move_iterator(fresh.rend()));
}

void drop_last(std::string& path) {
  const std::size_t slash = path.rfind('/');
  path.resize(slash == std::string::npos ? 0 : slash);
}

class Walk {
 public:
  Walk(const Tree& tree, std::string_view path, LastPart last) : tree_(tree), last_(last) {
    push_parts(path, parts_);
  }

  TreePath run() {
    found_.state = TreePath::State::found;
    while (!parts_.empty()) {
      const std::string part = std::move(parts_.back());
      parts_.pop_back();
      if (part == "..") {
        climb();
        continue;
      }
      if (!step(part)) return std::move(found_);
    }
    if (is_missing_) found_.state = TreePath::State::missing;
    return std::move(found_);
  }

 private:
  void climb() {
    if (found_.path.empty() && !found_.links.empty() && found_.leaving_link.empty())
      found_.leaving_link = found_.links.back();
    drop_last(found_.path);
  }

  /// False when the walk is over.
  bool step(const std::string& part) {
    const std::string next = found_.path.empty() ? part : found_.path + "/" + part;
    const Node* node = tree_.find(next);
    if (node == nullptr) is_missing_ = true;
    if (node != nullptr && node->entry.kind == EntryKind::symlink &&
        (!parts_.empty() || last_ == LastPart::follow)) {
      if (found_.links.size() == kMaxLinks) return stop(TreePath::State::loop, next);
      found_.links.push_back(next);
      if (node->entry.target.starts_with('/')) found_.path.clear();
      push_parts(node->entry.target, parts_);
      return true;
    }
    found_.path = next;
    if (node != nullptr && node->entry.kind != EntryKind::directory && !parts_.empty())
      return stop(TreePath::State::not_folder, next);
    return true;
  }

  bool stop(TreePath::State state, const std::string& path) {
    found_.state = state;
    found_.path = path;
    return false;
  }

  const Tree& tree_;
  LastPart last_;
  std::vector<std::string> parts_;
  TreePath found_;
  bool is_missing_ = false;
};

}  // namespace

TreePath resolve(const Tree& tree, std::string_view path, LastPart last) {
  return Walk(tree, path, last).run();
}

const Node* find_through(const Tree& tree, std::string_view path) {
  const TreePath found = resolve(tree, path);
  return found.state == TreePath::State::found ? tree.find(found.path) : nullptr;
}

std::string place_for(const Tree& tree, std::string_view path, LastPart last) {
  const TreePath place = resolve(tree, path, last);
  const std::string_view shown = path.substr(std::min(path.find_first_not_of('/'), path.size()));
  if (place.state == TreePath::State::loop)
    throw_error(Code::invalid_argument,
                "put /{} into the image: the symbolic links on its way go round in a circle: /{}",
                shown, place.links.front());
  if (place.state == TreePath::State::not_folder)
    throw_error(Code::invalid_argument, "put /{} into the image: /{} is not a folder", shown,
                place.path);
  if (!place.leaving_link.empty())
    throw_error(Code::invalid_argument,
                "put /{} into the image: the symbolic link /{} -> {} on its way leaves the image's "
                "root: name the place itself, or correct the link",
                shown, place.leaving_link, tree.find(place.leaving_link)->entry.target);
  if (place.path.empty())
    throw_error(Code::invalid_argument, "put /{} into the image: that is the image's root itself",
                shown);
  return place.path;
}

void put_through(Tree& tree, Node node) {
  const bool is_folder = node.entry.kind == EntryKind::directory;
  node.entry.path = place_for(tree, node.entry.path, is_folder ? LastPart::follow : LastPart::keep);
  const Node* old = tree.find(node.entry.path);
  if (old != nullptr && !old->origin.empty() && old->entry.kind != EntryKind::directory)
    node.origin += ", over " + old->origin;
  tree.put(std::move(node));
}

}  // namespace kata::rootfs
