// SPDX-License-Identifier: Apache-2.0
#include "builder/rootfs/shape/text.h"

#include <algorithm>
#include <utility>

#include "builder/rootfs/shape/tree_path.h"
#include "runtime/base/error.h"

namespace kata::rootfs {
namespace {

constexpr std::uint64_t kMaxText = 16U << 20;

}  // namespace

std::string bytes_at(const Content& content, const std::string& path, std::uint64_t offset,
                     std::uint64_t size) {
  if (offset >= content.size) return {};
  size = std::min(size, content.size - offset);
  if (content.file.empty()) return content.text.substr(offset, size);
  Content part;
  part.file = content.file;
  part.offset = content.offset + offset;
  part.size = size;
  std::string bytes;
  read_content(part, path, [&](std::string_view data) { bytes += data; });
  return bytes;
}

std::string first_bytes(const Content& content, const std::string& path, std::uint64_t limit) {
  return bytes_at(content, path, 0, limit);
}

std::optional<std::string> text_at(const Tree& tree, std::string_view path) {
  const Node* node = find_through(tree, path);
  if (node == nullptr || !node->content) return std::nullopt;
  if (node->content->size > kMaxText)
    throw_error(Code::resource_exhausted, "read /{} of the image: {} bytes are no text to be read",
                node->entry.path, node->content->size);
  return first_bytes(*node->content, node->entry.path, kMaxText);
}

std::vector<std::string> lines_of(std::string_view text) {
  std::vector<std::string> lines;
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    lines.emplace_back(text.substr(0, end));
    if (end == std::string_view::npos) break;
    text.remove_prefix(end + 1);
  }
  return lines;
}

void replace_text(Tree& tree, std::string_view path, const std::string& text, unsigned mode,
                  const std::string& origin) {
  const Node* old = find_through(tree, path);
  if (old != nullptr && old->content) {
    Node node = *old;
    node.content = make_text_file(node.entry.path, text, 0).content;
    if (node.origin.empty())
      node.origin = origin;
    else if (node.origin.find(origin) == std::string::npos)
      node.origin += " and " + origin;
    tree.put(std::move(node));
    return;
  }
  Node node = make_text_file(std::string(path), text, mode);
  node.origin = origin;
  put_through(tree, std::move(node));
}

}  // namespace kata::rootfs
