// SPDX-License-Identifier: Apache-2.0
#include "builder/rootfs/base/tree_file.h"

#include <charconv>
#include <map>
#include <memory>
#include <utility>
#include <vector>

#include "builder/pipeline/digest.h"
#include "runtime/base/error.h"
#include "runtime/base/json.h"

namespace kata::rootfs {
namespace {

// Raise it when the text's form changes: older ones are then made anew.
constexpr std::string_view kTreeForm = "katabuild tree 1";
constexpr int kKinds = static_cast<int>(archive::EntryKind::socket) + 1;

/// A word without blanks; "%" alone is the empty one.
std::string encoded(std::string_view text) {
  if (text.empty()) return "%";
  std::string word;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte <= ' ' || byte == '%' || byte == 0x7f)
      word += fmt::format("%{:02x}", byte);
    else
      word += c;
  }
  return word;
}

[[noreturn]] void damaged() { throw_error(Code::data_loss, "the stored tree is damaged"); }

class Words {
 public:
  explicit Words(std::string_view line) : rest_(line) {}
  [[nodiscard]] bool at_end() const { return rest_.empty(); }
  std::string_view word() {
    if (rest_.empty()) damaged();
    const std::size_t end = std::min(rest_.find(' '), rest_.size());
    const std::string_view found = rest_.substr(0, end);
    rest_.remove_prefix(std::min(end + 1, rest_.size()));
    return found;
  }
  template <typename Number>
  Number number() {
    const std::string_view text = word();
    Number value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size()) damaged();
    return value;
  }
  std::string text() {
    const std::string_view from = word();
    std::string to;
    if (from == "%") return to;
    for (std::size_t i = 0; i < from.size(); ++i) {
      if (from[i] != '%') {
        to += from[i];
        continue;
      }
      unsigned byte = 0;
      if (i + 3 > from.size() ||
          std::from_chars(&from[i + 1], &from[i + 1] + 2, byte, 16).ptr != &from[i + 1] + 2)
        damaged();
      to += static_cast<char>(byte);
      i += 2;
    }
    return to;
  }

 private:
  std::string_view rest_;
};

/// Lines up to an empty one.
template <typename Take>
void for_each_line(std::string_view& text, Take&& take) {
  for (;;) {
    const std::size_t end = text.find('\n');
    if (end == std::string_view::npos) damaged();
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(end + 1);
    if (line.empty()) return;
    take(Words(line));
  }
}

Node node_of(Words& words, const std::vector<std::shared_ptr<Content>>& contents,
             const std::vector<std::string>& origins) {
  Node node;
  archive::Entry& entry = node.entry;
  const int kind = words.number<int>();
  if (kind < 0 || kind >= kKinds) damaged();
  entry.kind = static_cast<archive::EntryKind>(kind);
  entry.mode = words.number<unsigned>();
  entry.uid = words.number<unsigned>();
  entry.gid = words.number<unsigned>();
  entry.device_major = words.number<unsigned>();
  entry.device_minor = words.number<unsigned>();
  const auto origin = words.number<std::size_t>();
  const auto content = words.number<std::size_t>();
  if (origin >= origins.size() || content > contents.size()) damaged();
  node.origin = origins[origin];
  if (content > 0) node.content = contents[content - 1];
  entry.path = words.text();
  entry.target = words.text();
  while (!words.at_end()) {
    std::string name = words.text();
    entry.xattrs[std::move(name)] = words.text();
  }
  if (entry.path.empty() || entry.path.front() == '/') damaged();
  return node;
}

}  // namespace

std::string tree_to_text(const Base& base) {
  std::map<const Content*, std::size_t> contents;
  std::map<std::string, std::size_t> origins;
  std::string content_lines;
  std::string origin_lines;
  std::string node_lines;
  for (const auto& [path, node] : base.tree.nodes()) {
    std::size_t content = 0;
    if (node.content) {
      const auto [known, is_new] = contents.emplace(node.content.get(), contents.size() + 1);
      content = known->second;
      if (is_new) {
        KATA_ASSERT(!node.content->sha256.empty());
        content_lines += fmt::format("{} {} {}\n", node.content->offset, node.content->size,
                                     node.content->sha256);
      }
    }
    const auto [origin, is_new] = origins.emplace(node.origin, origins.size());
    if (is_new) origin_lines += encoded(node.origin) + "\n";
    const archive::Entry& entry = node.entry;
    node_lines +=
        fmt::format("{} {} {} {} {} {} {} {} {} {}", static_cast<int>(entry.kind), entry.mode,
                    entry.uid, entry.gid, entry.device_major, entry.device_minor, origin->second,
                    content, encoded(path), encoded(entry.target));
    for (const auto& [name, value] : entry.xattrs)
      node_lines += " " + encoded(name) + " " + encoded(value);
    node_lines += "\n";
  }
  const std::string body = recipe::to_json(base.packages).dump() + "\n" + content_lines + "\n" +
                           origin_lines + "\n" + node_lines + "\n";
  return fmt::format("{} {}\n{}", kTreeForm, pipeline::sha256_of_text(body), body);
}

Base tree_from_text(std::string_view text, const std::string& contents_file) {
  const std::string head = std::string(kTreeForm) + " ";
  const std::size_t first = text.find('\n');
  if (first == std::string_view::npos || !text.starts_with(head)) damaged();
  const std::string_view digest = text.substr(head.size(), first - head.size());
  text.remove_prefix(first + 1);
  if (pipeline::sha256_of_text(text) != digest) damaged();
  Base base;
  const std::size_t packages_end = text.find('\n');
  if (packages_end == std::string_view::npos) damaged();
  try {
    base.packages =
        recipe::components_from_json(parse_json(text.substr(0, packages_end), "packages"));
  } catch (const Json::exception&) {
    damaged();
  }
  text.remove_prefix(packages_end + 1);
  std::vector<std::shared_ptr<Content>> contents;
  for_each_line(text, [&](Words words) {
    auto content = std::make_shared<Content>();
    content->file = contents_file;
    content->offset = words.number<std::uint64_t>();
    content->size = words.number<std::uint64_t>();
    content->sha256 = words.word();
    contents.push_back(std::move(content));
  });
  std::vector<std::string> origins;
  for_each_line(text, [&](Words words) { origins.push_back(words.text()); });
  for_each_line(text, [&](Words words) { base.tree.put(node_of(words, contents, origins)); });
  return base;
}

}  // namespace kata::rootfs
