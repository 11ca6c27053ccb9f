// SPDX-License-Identifier: Apache-2.0
#include "builder/rootfs/shape/explain.h"

#include <fmt/core.h>

#include <algorithm>
#include <vector>

#include "builder/recipe/nearest.h"
#include "builder/rootfs/shape/tree_path.h"
#include "runtime/base/path.h"

namespace kata::rootfs {
namespace {

using archive::EntryKind;

std::string what_it_is(const Tree& tree, const Node& node) {
  const archive::Entry& entry = node.entry;
  switch (entry.kind) {
    case EntryKind::directory: {
      const std::string begin = entry.path + "/";
      std::size_t count = 0;
      for (auto below = tree.nodes().lower_bound(begin);
           below != tree.nodes().end() && below->first.starts_with(begin); ++below)
        ++count;
      return fmt::format("a folder with {} entries below it", count);
    }
    case EntryKind::symlink: {
      const TreePath target = resolve(tree, entry.path);
      if (target.state != TreePath::State::found)
        return fmt::format("a symbolic link to {}, which is not in the image", entry.target);
      return fmt::format("a symbolic link to {}, that is /{}", entry.target, target.path);
    }
    case EntryKind::file:
      return fmt::format("a file of {} bytes", node.content ? node.content->size : 0);
    case EntryKind::character_device:
    case EntryKind::block_device:
      return fmt::format("a device {}:{}", entry.device_major, entry.device_minor);
    default:
      return "a special file";
  }
}

std::string explain_present(const Tree& tree, const MinimizeReport& report, const Node& node) {
  const archive::Entry& entry = node.entry;
  std::string text = fmt::format("  is: {}, mode {:04o}, owner {}:{}\n", what_it_is(tree, node),
                                 entry.mode, entry.uid, entry.gid);
  text +=
      fmt::format("  from: {}\n", node.origin.empty() ? "made as a folder for what is in it, or "
                                                        "a mount point that the base lacks"
                                                      : node.origin);
  if (report.kept.contains(entry.path)) {
    text += "  needed by:\n";
    for (const std::string& step : chain_of(report.kept, entry.path)) text += "    " + step + "\n";
  } else if (!report.kept.empty() && node.content) {
    text += "  stays: minimize takes only programs and libraries away that nothing needs\n";
  }
  return text;
}

std::string explain_removed(const Removed& removed) {
  return fmt::format("  is not in the image\n  taken away by: {}\n  was from: {}\n", removed.rule,
                     removed.origin.empty() ? "the base" : removed.origin);
}

std::string explain_absent(const Tree& tree, const std::string& path) {
  std::vector<std::string> same;
  std::vector<std::string> names;
  const std::string_view name = base_name(path);
  for (const auto& [other, node] : tree.nodes()) {
    if (base_name(other) == name) same.push_back("/" + other);
    if (parent_path(other) == parent_path(path)) names.push_back(other);
  }
  std::string text = "  is not in the image, and nothing in the recipe brings it in\n";
  for (const std::string& near : recipe::nearest_names(path, names, 3)) same.push_back("/" + near);
  if (same.size() > 5) same.resize(5);
  for (const std::string& other : same) text += fmt::format("  there is: {}\n", other);
  return text;
}

}  // namespace

std::string explain_path(const Tree& tree, const MinimizeReport& report, const std::string& path) {
  const std::string wanted = clean_path(path).substr(1);
  if (wanted.empty()) return "/\n  is: the image's root\n";
  const TreePath place = resolve(tree, wanted, LastPart::keep);
  std::string text = "/" + wanted + "\n";
  if (const auto removed = report.removed.find(wanted); removed != report.removed.end())
    return text + explain_removed(removed->second);
  if (place.path != wanted) text += fmt::format("  that is: /{}\n", place.path);
  if (const auto removed = report.removed.find(place.path); removed != report.removed.end())
    return text + explain_removed(removed->second);
  const Node* node = tree.find(place.path);
  if (place.state != TreePath::State::found || node == nullptr)
    return text + explain_absent(tree, place.path);
  text += explain_present(tree, report, *node);
  if (node->entry.kind == EntryKind::symlink) {
    const Node* target = find_through(tree, wanted);
    if (target != nullptr)
      text += "/" + target->entry.path + "\n" + explain_present(tree, report, *target);
  }
  return text;
}

}  // namespace kata::rootfs
