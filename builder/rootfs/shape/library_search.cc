// SPDX-License-Identifier: Apache-2.0
#include "builder/rootfs/shape/library_search.h"

#include <algorithm>
#include <initializer_list>

#include "builder/pipeline/elf_links.h"
#include "builder/rootfs/shape/glob.h"
#include "builder/rootfs/shape/text.h"
#include "builder/rootfs/shape/tree_path.h"

namespace kata::rootfs {
namespace {

constexpr int kMaxIncludes = 8;
// What glibc looks for below each folder on x86-64, the newest first
constexpr const char* kVariants[] = {"glibc-hwcaps/x86-64-v4/", "glibc-hwcaps/x86-64-v3/",
                                     "glibc-hwcaps/x86-64-v2/", ""};
constexpr const char* kLibFolders[] = {"lib/x86_64-linux-gnu", "lib64", "lib"};

std::string replaced(std::string text, std::string_view name, std::string_view value) {
  for (const std::string& form : {"${" + std::string(name) + "}", "$" + std::string(name)}) {
    for (std::size_t at = text.find(form); at != std::string::npos;
         at = text.find(form, at + value.size()))
      text.replace(at, form.size(), value);
  }
  return text;
}

/// The words of a line without its comment.
std::vector<std::string> words_of(const std::string& line) {
  std::vector<std::string> words;
  const std::string text = line.substr(0, line.find('#'));
  constexpr const char* kSpace = " \t,:\r";
  for (std::size_t begin = text.find_first_not_of(kSpace); begin != std::string::npos;) {
    const std::size_t end = text.find_first_of(kSpace, begin);
    words.push_back(text.substr(begin, end == std::string::npos ? end : end - begin));
    begin = text.find_first_not_of(kSpace, end);
  }
  return words;
}

}  // namespace

std::vector<std::string> search_folders(std::string_view list, std::string_view folder) {
  std::vector<std::string> folders;
  while (!list.empty()) {
    const std::size_t colon = list.find(':');
    const std::string item = replaced(std::string(list.substr(0, colon)), "ORIGIN", folder);
    if (item.find("$LIB") == std::string::npos && item.find("${LIB}") == std::string::npos) {
      if (!item.empty()) folders.push_back(item);
    } else {
      for (const char* lib : kLibFolders) folders.push_back(replaced(item, "LIB", lib));
    }
    if (colon == std::string_view::npos) break;
    list.remove_prefix(colon + 1);
  }
  return folders;
}

LibrarySearch::LibrarySearch(const Tree& tree) : tree_(tree) {
  read_configuration("/etc/ld.so.conf", 0);
  add_folders_of(tree, "/etc/ld-musl-x86_64.path");
  for (const char* folder : {"/lib/x86_64-linux-gnu", "/usr/lib/x86_64-linux-gnu", "/lib64",
                             "/usr/lib64", "/lib", "/usr/lib", "/usr/local/lib"})
    folders_.emplace_back(folder);
}

void LibrarySearch::add_folders_of(const Tree& tree, const char* path) {
  for (const std::string& line : lines_of(text_at(tree, path).value_or(""))) {
    for (std::string& word : words_of(line)) folders_.push_back(std::move(word));
  }
}

void LibrarySearch::read_configuration(const std::string& path, int depth) {
  if (depth > kMaxIncludes) return;
  for (const std::string& line : lines_of(text_at(tree_, path).value_or(""))) {
    const std::vector<std::string> words = words_of(line);
    if (words.empty() || words.front() == "hwcap") continue;
    if (words.front() != "include") {
      folders_.insert(folders_.end(), words.begin(), words.end());
      continue;
    }
    for (std::size_t i = 1; i < words.size(); ++i) {
      const std::string pattern = words[i].starts_with('/') ? words[i] : "/etc/" + words[i];
      for (const std::string& file : paths_matching(tree_, glob_in(tree_, pattern)))
        read_configuration(file, depth + 1);
    }
  }
}

bool LibrarySearch::fits(const std::string& path, std::uint16_t machine) const {
  const Node* node = find_through(tree_, path);
  if (node == nullptr || !node->content) return false;
  const std::string head = first_bytes(*node->content, node->entry.path, pipeline::kElfKindSize);
  // Class, byte order and e_machine; 0 asks for none in particular
  return pipeline::is_elf_program(head) && head[4] == 2 && head[5] == 1 &&
         (machine == 0 || (static_cast<unsigned char>(head[18]) == (machine & 0xffU) &&
                           static_cast<unsigned char>(head[19]) == machine >> 8U));
}

std::vector<std::string> LibrarySearch::find(const std::string& name,
                                             const Searcher& searcher) const {
  if (name.find('/') != std::string::npos)
    return fits(name, searcher.machine) ? std::vector<std::string>{name}
                                        : std::vector<std::string>{};
  const std::vector<std::string> none;
  for (const std::vector<std::string>* list :
       {searcher.runpaths.empty() ? &searcher.rpaths : &none, &searcher.runpaths, &folders_}) {
    for (const std::string& folder : *list) {
      std::vector<std::string> found;
      for (const char* variant : kVariants) {
        std::string path = folder + "/" + variant + name;
        if (fits(path, searcher.machine)) found.push_back(std::move(path));
      }
      if (!found.empty()) return found;
    }
  }
  return {};
}

}  // namespace kata::rootfs
