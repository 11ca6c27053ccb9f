// SPDX-License-Identifier: Apache-2.0
#include "builder/rootfs/tree.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <functional>
#include <string_view>
#include <vector>

#include "builder/pipeline/digest.h"
#include "builder/pipeline/interrupt.h"
#include "runtime/base/error.h"
#include "runtime/base/fd.h"
#include "runtime/base/path.h"

namespace kata::rootfs {
namespace {

using archive::EntryKind;

Node make_node(EntryKind kind, const std::string& path, unsigned mode) {
  Node node;
  node.entry.kind = kind;
  node.entry.path = path;
  node.entry.mode = mode;
  return node;
}

}  // namespace

void read_content(const Content& content, const std::string& path,
                  const std::function<void(std::string_view)>& take) {
  if (content.file.empty()) {
    if (!content.text.empty()) take(content.text);
    return;
  }
  const UniqueFd fd = open_file(content.file, O_RDONLY);
  std::vector<char> buffer(1U << 18);
  std::uint64_t done = 0;
  while (done < content.size) {
    pipeline::throw_if_interrupted();
    const std::size_t want =
        static_cast<std::size_t>(std::min<std::uint64_t>(buffer.size(), content.size - done));
    const ssize_t count =
        ::pread(fd.get(), buffer.data(), want, static_cast<off_t>(content.offset + done));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) throw_errno(errno, "read {} for /{}", content.file, path);
    if (count == 0)
      throw_error(Code::data_loss, "read {} for /{}: it became shorter meanwhile", content.file,
                  path);
    take({buffer.data(), static_cast<std::size_t>(count)});
    done += static_cast<std::uint64_t>(count);
  }
}

std::string content_sha256(const Content& content, const std::string& path) {
  if (!content.sha256.empty()) return content.sha256;
  pipeline::Sha256 bytes;
  read_content(content, path, [&](std::string_view part) { bytes.add(part); });
  return bytes.finish();
}

void Tree::put(Node node) {
  const std::string path = node.entry.path;
  KATA_ASSERT(!path.empty() && path.front() != '/');
  for (std::size_t slash = path.find('/'); slash != std::string::npos;
       slash = path.find('/', slash + 1)) {
    const std::string above = path.substr(0, slash);
    const auto [found, is_new] = nodes_.emplace(above, Node{});
    if (is_new) {
      found->second = make_directory(above, 0755);
    } else if (found->second.entry.kind != EntryKind::directory) {
      throw_error(Code::invalid_argument, "put /{} into the image: /{} is not a folder", path,
                  above);
    }
  }
  if (node.entry.kind != EntryKind::directory) {
    const auto below = nodes_.lower_bound(path + "/");
    if (below != nodes_.end() && below->first.starts_with(path + "/")) {
      throw_error(Code::invalid_argument,
                  "put /{} into the image: there is a folder of that name with entries in it",
                  path);
    }
  }
  nodes_.insert_or_assign(path, std::move(node));
}

void Tree::remove(const std::string& path) {
  nodes_.erase(path);
  const std::string below = path + "/";
  auto node = nodes_.lower_bound(below);
  while (node != nodes_.end() && node->first.starts_with(below)) node = nodes_.erase(node);
}

const Node* Tree::find(const std::string& path) const {
  const auto found = nodes_.find(path);
  return found == nodes_.end() ? nullptr : &found->second;
}

Node make_directory(const std::string& path, unsigned mode) {
  return make_node(EntryKind::directory, path, mode);
}

Node make_symlink(const std::string& path, const std::string& target) {
  Node node = make_node(EntryKind::symlink, path, 0777);
  node.entry.target = target;
  return node;
}

Node make_device(const std::string& path, bool block, unsigned major, unsigned minor,
                 unsigned mode) {
  Node node = make_node(block ? EntryKind::block_device : EntryKind::character_device, path, mode);
  node.entry.device_major = major;
  node.entry.device_minor = minor;
  return node;
}

Node make_text_file(const std::string& path, const std::string& text, unsigned mode) {
  Node node = make_node(EntryKind::file, path, mode);
  node.content = std::make_shared<Content>(
      Content{.text = text, .file = {}, .offset = 0, .size = text.size(), .sha256 = {}});
  return node;
}

Node make_file(const std::string& path, const std::string& source, unsigned mode) {
  struct stat status {};
  if (::stat(source.c_str(), &status) != 0) throw_errno(errno, "read {} for /{}", source, path);
  if (!S_ISREG(status.st_mode))
    throw_error(Code::invalid_argument, "read {} for /{}: not a regular file", source, path);
  Node node = make_node(EntryKind::file, path, mode);
  node.content =
      std::make_shared<Content>(Content{.text = {},
                                        .file = source,
                                        .offset = 0,
                                        .size = static_cast<std::uint64_t>(status.st_size),
                                        .sha256 = {}});
  return node;
}

std::string tree_digest(const Tree& tree) {
  pipeline::Sha256 digest;
  std::map<const Content*, std::string> seen;
  for (const auto& [path, node] : tree.nodes()) {
    const archive::Entry& entry = node.entry;
    std::string content;
    if (node.content) {
      std::string& known = seen[node.content.get()];
      if (known.empty()) {
        // The first name tells hard links from equal files
        known = content_sha256(*node.content, path) + " " + path;
      }
      content = known;
    }
    digest.add(fmt::format("{}\n{} {:o} {}:{} {}:{} {}\n{}\n", path, static_cast<int>(entry.kind),
                           entry.mode, entry.uid, entry.gid, entry.device_major, entry.device_minor,
                           content, entry.target));
    for (const auto& [name, value] : entry.xattrs)
      digest.add(fmt::format("xattr {} {}\n{}\n", name, value.size(), value));
  }
  return digest.finish();
}

void write_tree(const Tree& tree, std::int64_t mtime, archive::CpioWriter& writer) {
  struct Names {
    std::uint32_t inode = 0;
    std::uint32_t count = 0;
    std::uint32_t left = 0;
  };
  std::map<const Content*, Names> names;
  for (const auto& [path, node] : tree.nodes()) {
    if (node.content) ++names[node.content.get()].count;
  }
  std::uint32_t next_inode = 1;
  for (const auto& [path, node] : tree.nodes()) {
    archive::CpioEntry cpio{.entry = node.entry,
                            .inode = 0,
                            .links = node.entry.kind == EntryKind::directory ? 2U : 1U};
    cpio.entry.mtime = mtime;
    cpio.entry.size = 0;
    bool has_bytes = false;
    if (node.content) {
      Names& shared = names[node.content.get()];
      if (shared.inode == 0) {
        shared.inode = next_inode++;
        shared.left = shared.count;
      }
      cpio.inode = shared.inode;
      cpio.links = shared.count;
      has_bytes = --shared.left == 0;  // newc: the last name of a file carries its bytes
      if (has_bytes) cpio.entry.size = node.content->size;
    } else {
      cpio.inode = next_inode++;
    }
    writer.begin(cpio);
    if (has_bytes)
      read_content(*node.content, path, [&](std::string_view part) { writer.add_content(part); });
  }
}

}  // namespace kata::rootfs
