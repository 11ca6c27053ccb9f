// SPDX-License-Identifier: Apache-2.0
#include "builder/rootfs/shape/glob.h"

#include <fnmatch.h>

#include <algorithm>

#include "builder/rootfs/shape/tree_path.h"

namespace kata::rootfs {
namespace {

std::vector<std::string_view> parts_of(std::string_view path) {
  std::vector<std::string_view> parts;
  while (!path.empty()) {
    const std::size_t slash = path.find('/');
    if (slash != 0) parts.push_back(path.substr(0, slash));
    if (slash == std::string_view::npos) break;
    path.remove_prefix(slash + 1);
  }
  return parts;
}

bool has_wildcard(std::string_view part) {
  return part.find_first_of("*?[\\") != std::string_view::npos;
}

}  // namespace

Glob::Glob(std::string_view pattern) : text_(pattern) {
  for (const std::string_view part : parts_of(pattern)) parts_.emplace_back(part);
  while (fixed_ + 1 < parts_.size() && !has_wildcard(parts_[fixed_])) ++fixed_;
}

bool Glob::matches_parts(const std::vector<std::string_view>& names, std::size_t count) const {
  std::size_t part = 0;
  std::size_t name = 0;
  std::size_t star = std::string::npos;  // the last "**" and where it began to match
  std::size_t star_name = 0;
  while (name < count) {
    if (part < parts_.size() && parts_[part] == "**") {
      star = part++;
      star_name = name;
    } else if (part < parts_.size() &&
               ::fnmatch(parts_[part].c_str(), std::string(names[name]).c_str(), 0) == 0) {
      ++part;
      ++name;
    } else if (star != std::string::npos) {
      part = star + 1;
      name = ++star_name;
    } else {
      return false;
    }
  }
  // "/a/**" means what is in /a, not /a itself
  if (part + 1 == parts_.size() && parts_[part] == "**") return false;
  while (part < parts_.size() && parts_[part] == "**") ++part;
  return part == parts_.size();
}

bool Glob::matches(std::string_view path) const {
  const std::vector<std::string_view> names = parts_of(path);
  return matches_parts(names, names.size());
}

bool Glob::covers(std::string_view path) const {
  const std::vector<std::string_view> names = parts_of(path);
  for (std::size_t count = 1; count <= names.size(); ++count) {
    if (matches_parts(names, count)) return true;
  }
  return false;
}

std::string Glob::fixed_folder() const {
  std::string folder;
  for (std::size_t i = 0; i < fixed_; ++i) folder += (i == 0 ? "" : "/") + parts_[i];
  return folder;
}

Glob Glob::with_folder(std::string_view folder) const {
  Glob glob(folder);
  glob.text_ = text_;
  glob.fixed_ = glob.parts_.size();
  glob.parts_.insert(glob.parts_.end(), parts_.begin() + static_cast<std::ptrdiff_t>(fixed_),
                     parts_.end());
  return glob;
}

Glob glob_in(const Tree& tree, std::string_view pattern) {
  const Glob glob(pattern);
  const TreePath folder = resolve(tree, glob.fixed_folder());
  return folder.state == TreePath::State::found ? glob.with_folder(folder.path) : glob;
}

std::vector<Glob> globs_in(const Tree& tree, const std::vector<std::string>& patterns) {
  std::vector<Glob> globs;
  for (const std::string& pattern : patterns) globs.push_back(glob_in(tree, pattern));
  return globs;
}

std::vector<std::string> paths_matching(const Tree& tree, const Glob& glob) {
  std::vector<std::string> paths;
  const std::string folder = glob.fixed_folder();
  const std::string begin = folder.empty() ? "" : folder + "/";
  for (auto node = tree.nodes().lower_bound(begin);
       node != tree.nodes().end() && node->first.starts_with(begin); ++node) {
    if (glob.matches(node->first)) paths.push_back(node->first);
  }
  return paths;
}

}  // namespace kata::rootfs
