// SPDX-License-Identifier: Apache-2.0
#include "builder/rootfs/shape/closure.h"

#include <algorithm>
#include <optional>
#include <set>
#include <utility>

#include "builder/pipeline/elf_links.h"
#include "builder/rootfs/shape/text.h"
#include "builder/rootfs/shape/tree_path.h"
#include "runtime/base/error.h"
#include "runtime/base/path.h"

namespace kata::rootfs {
namespace {

using archive::EntryKind;

constexpr std::uint64_t kScriptLine = 256;  // the kernel reads no more of it
constexpr const char* kSearchPath[] = {"/usr/local/sbin", "/usr/local/bin", "/usr/sbin",
                                       "/usr/bin",        "/sbin",          "/bin"};

/// The words of a script's first line: the interpreter and what it is given.
std::vector<std::string> interpreter_words(std::string_view head) {
  std::vector<std::string> words;
  if (!head.starts_with("#!")) return words;
  std::string_view line = head.substr(2, head.find('\n') - 2);
  constexpr const char* kSpace = " \t\r";
  for (std::size_t begin = line.find_first_not_of(kSpace); begin != std::string_view::npos;) {
    const std::size_t end = line.find_first_of(kSpace, begin);
    words.emplace_back(line.substr(begin, end == std::string_view::npos ? end : end - begin));
    begin = line.find_first_not_of(kSpace, end);
  }
  return words;
}

/// What env(1) is asked to run: the first word that is neither an option nor a variable.
std::optional<std::string> program_of_env(const std::vector<std::string>& words) {
  for (std::size_t i = 1; i < words.size(); ++i) {
    if (!words[i].starts_with('-') && words[i].find('=') == std::string::npos) return words[i];
  }
  return std::nullopt;
}

}  // namespace

bool is_program(const Node& node) {
  if (node.entry.kind != EntryKind::file || !node.content) return false;
  const std::string head = first_bytes(*node.content, node.entry.path, pipeline::kElfKindSize);
  return pipeline::is_elf_program(head) ||
         ((node.entry.mode & 0111U) != 0 && head.starts_with("#!"));
}

Closure::Closure(const Tree& tree) : tree_(tree), search_(tree) {}

void Closure::add(const std::string& path, const Reason& reason) {
  enqueue(path, reason, {});
  follow_all();
}

bool Closure::add_library(const std::string& name, const Reason& reason) {
  const std::vector<std::string> found = search_.find(name, {});
  for (const std::string& path : found) add(path, reason);
  return !found.empty();
}

void Closure::enqueue(const std::string& path, const Reason& reason,
                      std::vector<std::string> rpaths) {
  const TreePath place = resolve(tree_, path);
  Reason why = reason;
  const auto keep = [&](const std::string& kept) {
    const bool is_new = kept_.emplace(kept, why).second;
    why = {kept, "link"};
    return is_new;
  };
  for (const std::string& link : place.links) {
    // A link of a folder, as /lib is one, asks for nothing by itself
    const Node* target = find_through(tree_, link);
    if (target != nullptr && target->entry.kind != EntryKind::directory) keep(link);
  }
  if (place.state != TreePath::State::found || !tree_.find(place.path)->content) return;
  loaded_.emplace(std::string(base_name(path)), place.path);
  if (keep(place.path)) queue_.push_back({place.path, "/" + path, std::move(rpaths)});
}

void Closure::follow_all() {
  while (!queue_.empty()) {
    const Item item = std::move(queue_.front());
    queue_.pop_front();
    try {
      follow(item);
    } catch (Error& error) {
      std::string chain;
      for (const std::string& step : chain_of(kept_, item.path))
        chain += (chain.empty() ? "" : " -> ") + step;
      error.add_context("find what " + chain + " needs");
      throw;
    }
  }
}

void Closure::need_file(const Item& item, const std::string& name, const std::string& how) {
  const Node* node = find_through(tree_, name);
  if (node != nullptr && node->content)
    enqueue(name, {item.path, how}, {});
  else
    misses_.push_back({item.path, name, how});
}

void Closure::follow_script(const Item& item, const std::string& head) {
  const std::vector<std::string> words = interpreter_words(head);
  if (words.empty()) return;
  need_file(item, words.front(), "its interpreter");
  if (base_name(words.front()) != "env") return;
  const std::optional<std::string> program = program_of_env(words);
  if (!program) return;
  if (program->find('/') != std::string::npos) return need_file(item, *program, "its interpreter");
  for (const char* folder : kSearchPath) {
    const Node* node = find_through(tree_, join_path(folder, *program));
    if (node == nullptr || !node->content) continue;
    return enqueue(join_path(folder, *program), {item.path, "its interpreter"}, {});
  }
  misses_.push_back({item.path, *program, "its interpreter"});
}

void Closure::follow(const Item& item) {
  const Content& content = *tree_.find(item.path)->content;
  const std::string head = first_bytes(content, item.path, kScriptLine);
  if (head.starts_with("#!")) return follow_script(item, head);
  if (!pipeline::is_elf_program(head)) return;
  const std::optional<pipeline::ElfLinks> links = pipeline::read_elf_links(
      [&](std::uint64_t offset, std::uint64_t size) {
        return bytes_at(content, item.path, offset, size);
      },
      "/" + item.path);
  if (!links)
    throw_error(Code::unimplemented,
                "/{}: only the libraries of 64-bit little-endian programs can be followed: leave "
                "programs out of minimize, or exclude it",
                item.path);
  if (!links->soname.empty()) loaded_.emplace(links->soname, item.path);
  if (!links->interpreter.empty()) need_file(item, links->interpreter, "its interpreter");
  const std::string folder = parent_path(clean_path(item.opened_as));
  Searcher searcher;
  searcher.machine = links->machine;
  searcher.runpaths = search_folders(links->runpath, folder);
  if (links->runpath.empty()) searcher.rpaths = search_folders(links->rpath, folder);
  // An RPATH holds for all that its file loads, a RUNPATH for the file alone (ld.so(8))
  searcher.rpaths.insert(searcher.rpaths.end(), item.rpaths.begin(), item.rpaths.end());
  for (const std::string& name : links->needed) {
    const std::string how = "needs " + name;
    const std::vector<std::string> found = search_.find(name, searcher);
    for (const std::string& path : found) enqueue(path, {item.path, how}, searcher.rpaths);
    if (found.empty()) misses_.push_back({item.path, name, how});
  }
}

std::vector<Miss> Closure::misses() const {
  std::vector<Miss> misses;
  for (const Miss& miss : misses_) {
    if (!miss.how.starts_with("needs ") || !loaded_.contains(miss.name)) misses.push_back(miss);
  }
  return misses;
}

std::vector<std::string> chain_of(const std::map<std::string, Reason>& kept,
                                  const std::string& path) {
  std::vector<std::string> chain;
  std::string at = path;
  while (chain.size() <= kept.size()) {
    const auto found = kept.find(at);
    if (found == kept.end()) break;
    const Reason& reason = found->second;
    chain.push_back(fmt::format("/{} ({})", at, reason.how));
    if (reason.from.empty()) break;
    at = reason.from;
  }
  std::reverse(chain.begin(), chain.end());
  return chain;
}

}  // namespace kata::rootfs
