// SPDX-License-Identifier: Apache-2.0
#include "builder/rootfs/base/unpacker.h"

#include <deque>
#include <optional>
#include <utility>
#include <vector>

#include "runtime/base/error.h"
#include "runtime/base/path.h"
#include "runtime/base/text.h"

namespace kata::rootfs {
namespace {

using archive::ArchiveReader;
using archive::Entry;
using archive::EntryKind;

constexpr std::size_t kLongestPath = 4095;  // PATH_MAX, NAME_MAX
constexpr std::size_t kLongestName = 255;
constexpr int kMostLinks = 40;  // as the kernel follows in one path
constexpr std::string_view kWhiteout = ".wh.";
constexpr std::string_view kOpaque = ".wh..wh..opq";

}  // namespace

void Unpacker::refuse(const std::string& path, const std::string& why) const {
  throw_error(Code::invalid_argument, "{}: entry {} {}: refused", name_, path, why);
}

void Unpacker::count(std::uint64_t bytes) {
  if (bytes > limits_.size - size_) {
    throw_error(Code::resource_exhausted,
                "{} unpacks to more than {} bytes: raise limits.size in the recipe when that is "
                "right",
                name_, limits_.size);
  }
  size_ += bytes;
}

/// The entry's path with the links above it followed inside of the tree.
std::string Unpacker::resolved(const Entry& entry) const {
  const std::string path = archive::safe_entry_path(entry, name_);
  if (path.size() > kLongestPath) refuse(path.substr(0, 100) + "...", "has too long a path");
  std::vector<std::string> parts = split_text(path, '/');
  if (parts.empty()) return {};
  for (const std::string& part : parts) {
    if (part.size() > kLongestName) refuse(part.substr(0, 100) + "...", "has too long a name");
  }
  const std::string last = parts.back();
  parts.pop_back();
  std::deque<std::string> ahead(parts.begin(), parts.end());
  std::string above;
  int links = 0;
  while (!ahead.empty()) {
    const std::string part = ahead.front();
    ahead.pop_front();
    if (part.empty() || part == ".") continue;
    if (part == "..") {
      if (above.empty()) refuse(entry.path, "lies below a link that leaves the root");
      const std::size_t slash = above.find_last_of('/');
      above.resize(slash == std::string::npos ? 0 : slash);
      continue;
    }
    std::string next = above.empty() ? part : above + "/" + part;
    const Node* node = tree_.find(next);
    if (node == nullptr || node->entry.kind != EntryKind::symlink) {
      above = std::move(next);
      continue;
    }
    const std::string& target = node->entry.target;
    if (target.starts_with('/'))
      refuse(entry.path, fmt::format("lies below the absolute link /{} -> {}", next, target));
    if (++links > kMostLinks) refuse(entry.path, "lies below links that never end");
    const std::vector<std::string> to = split_text(target, '/');
    ahead.insert(ahead.begin(), to.begin(), to.end());
    if (ahead.size() > kLongestPath) refuse(entry.path, "lies below links that never end");
  }
  return above.empty() ? last : above + "/" + last;
}

std::shared_ptr<Content> Unpacker::read_content(ArchiveReader& reader, const Entry& entry) {
  if (entry.size > limits_.size - size_) count(entry.size);  // before a byte is written
  return spool_.add([&](const std::function<void(std::string_view)>& take) {
    (void)reader.read_content([&](std::string_view part) {
      count(part.size());
      take(part);
    });
  });
}

void Unpacker::put(const std::string& path, Node node) {
  if (const Node* old = tree_.find(path); old != nullptr &&
                                          old->entry.kind == EntryKind::directory &&
                                          node.entry.kind != EntryKind::directory) {
    tree_.remove(path);
  }
  node.entry.path = path;
  node.entry.size = 0;
  node.entry.mtime = 0;
  node.origin = origin_;
  in_context([&] { tree_.put(std::move(node)); }, "{}", name_);
  fresh_.insert(path);
  for (std::size_t slash = path.find('/'); slash != std::string::npos;
       slash = path.find('/', slash + 1)) {
    fresh_.insert(path.substr(0, slash));
  }
}

void Unpacker::put_link(ArchiveReader& reader, const Entry& entry, const std::string& path) {
  Entry target;
  target.path = entry.target;
  const std::string first = resolved(target);
  const Node* node = tree_.find(first);
  if (node == nullptr || node->entry.kind == EntryKind::directory) {
    throw_error(Code::invalid_argument,
                "{}: entry {} is a hard link to {}, which is no file before it", name_, entry.path,
                entry.target);
  }
  if (first == path) return;
  Node linked = *node;
  // A cpio archive's last hard link carries the bytes of all
  if (linked.content && entry.size > 0) *linked.content = *read_content(reader, entry);
  put(path, std::move(linked));
}

/// Whether the path is a whiteout, which has been done then.
bool Unpacker::take_whiteout(const std::string& path) {
  const std::string name(base_name(path));
  if (!name.starts_with(kWhiteout)) return false;
  const std::size_t folder_size = path.size() - name.size();
  const std::string folder = path.substr(0, folder_size == 0 ? 0 : folder_size - 1);
  if (name == kOpaque) {
    remove_older(folder, false);
    return true;
  }
  const std::string hidden = name.substr(kWhiteout.size());
  if (hidden.starts_with(kWhiteout)) return true;  // AUFS's own notes
  if (hidden.empty() || hidden == "." || hidden == "..")
    refuse(path, "takes away nothing that can be named");
  remove_older(folder.empty() ? hidden : folder + "/" + hidden, true);
  return true;
}

/// What this layer has brought itself stays.
void Unpacker::remove_older(const std::string& path, bool itself) {
  std::vector<std::string> gone;
  const auto& nodes = tree_.nodes();
  if (itself && nodes.contains(path) && !fresh_.contains(path)) gone.push_back(path);
  const std::string below = path.empty() ? "" : path + "/";
  for (auto node = nodes.lower_bound(below); node != nodes.end() && node->first.starts_with(below);
       ++node) {
    if (!fresh_.contains(node->first)) gone.push_back(node->first);
  }
  for (auto name = gone.rbegin(); name != gone.rend(); ++name) tree_.remove(*name);
}

void Unpacker::add(ArchiveReader& reader, Entry entry) {
  const std::string path = resolved(entry);
  if (path.empty() || entry.kind == EntryKind::socket) return;
  if (entry.kind == EntryKind::hardlink) {
    put_link(reader, entry, path);
    return;
  }
  std::uint64_t attributes = entry.target.size();
  for (const auto& [key, value] : entry.xattrs) attributes += key.size() + value.size();
  count(attributes);
  if (entry.target.size() > kLongestPath) refuse(entry.path, "is a link to too long a path");
  std::erase_if(entry.xattrs, [](const auto& item) { return item.first.starts_with("trusted."); });
  Node node;
  if (entry.kind == EntryKind::file) node.content = read_content(reader, entry);
  node.entry = std::move(entry);
  put(path, std::move(node));
}

void Unpacker::begin(const std::string& name, const std::string& origin) {
  name_ = name;
  origin_ = origin;
  fresh_.clear();
}

std::optional<Entry> Unpacker::next_entry(ArchiveReader& reader) {
  std::optional<Entry> entry = reader.next();
  if (entry && ++entries_ > limits_.entries) {
    throw_error(Code::resource_exhausted,
                "{} holds more than {} entries: raise limits.entries in the recipe when that is "
                "right",
                name_, limits_.entries);
  }
  return entry;
}

void Unpacker::add_archive(ArchiveReader& reader, const std::string& name,
                           const std::string& origin) {
  begin(name, origin);
  while (std::optional<Entry> entry = next_entry(reader)) add(reader, *std::move(entry));
}

void Unpacker::add_layer(ArchiveReader& reader, const std::string& name,
                         const std::string& origin) {
  begin(name, origin);
  while (std::optional<Entry> entry = next_entry(reader)) {
    if (!take_whiteout(resolved(*entry))) add(reader, *std::move(entry));
  }
}

}  // namespace kata::rootfs
