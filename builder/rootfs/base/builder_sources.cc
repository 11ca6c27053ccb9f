// SPDX-License-Identifier: Apache-2.0
#include "builder/rootfs/base/builder_sources.h"

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <map>
#include <optional>

#include "runtime/base/error.h"
#include "runtime/base/io.h"
#include "runtime/base/path.h"
#include "runtime/base/text.h"

namespace kata::rootfs {
namespace {

using Words = std::vector<std::string>;

struct Wanted {
  const std::string& suite;
  const Words& components;
};

Words words_of(const std::string& text) {
  std::string plain = text;
  for (char& c : plain) {
    if (c == '\t' || c == '\n') c = ' ';
  }
  Words words = split_text(plain, ' ');
  std::erase(words, "");
  return words;
}

/// The line, with the wanted components only; nothing when it is about another suite.
std::optional<std::string> source_line(const std::string& options, const std::string& uri,
                                       const std::string& suite, const Words& components,
                                       const Wanted& wanted) {
  if (suite != wanted.suite && !suite.starts_with(wanted.suite + "-")) return std::nullopt;
  std::string kept;
  for (const std::string& component : components) {
    if (std::find(wanted.components.begin(), wanted.components.end(), component) !=
        wanted.components.end())
      kept += " " + component;
  }
  if (kept.empty()) return std::nullopt;
  return "deb " + (options.empty() ? "" : "[" + options + "] ") + uri + " " + suite + kept;
}

/// "deb [options] URI SUITE COMPONENT..."
void read_one_line_format(const std::string& text, const Wanted& wanted, Words& lines) {
  for (std::string line : split_text(text)) {
    line = line.substr(0, line.find('#'));
    std::string options;
    if (const std::size_t open = line.find('['); open != std::string::npos) {
      const std::size_t close = line.find(']', open);
      if (close == std::string::npos) continue;
      options = line.substr(open + 1, close - open - 1);
      line.erase(open, close - open + 1);
    }
    const Words words = words_of(line);
    if (words.size() < 4 || words[0] != "deb") continue;
    const auto found =
        source_line(options, words[1], words[2], Words(words.begin() + 3, words.end()), wanted);
    if (found) lines.push_back(*found);
  }
}

void add_stanza(std::map<std::string, std::string>& fields, const Wanted& wanted, Words& lines) {
  const Words types = words_of(fields["types"]);
  const bool is_off = fields["enabled"] == "no";
  if (std::find(types.begin(), types.end(), "deb") != types.end() && !is_off) {
    // A key may also stand in the file itself; that one is apt's affair
    const Words key = words_of(fields["signed-by"]);
    const bool has_file = key.size() == 1 && key.front().starts_with('/');
    const std::string options = has_file ? "signed-by=" + key.front() : "";
    for (const std::string& uri : words_of(fields["uris"])) {
      for (const std::string& suite : words_of(fields["suites"])) {
        const auto found = source_line(options, uri, suite, words_of(fields["components"]), wanted);
        if (found) lines.push_back(*found);
      }
    }
  }
  fields.clear();
}

/// Stanzas of "Field: value", as deb822(5) has them.
void read_stanza_format(const std::string& text, const Wanted& wanted, Words& lines) {
  std::map<std::string, std::string> fields;
  std::string last;
  for (const std::string& line : split_text(text)) {
    if (line.starts_with('#')) continue;
    if (line.find_first_not_of(" \t") == std::string::npos) {
      add_stanza(fields, wanted, lines);
      continue;
    }
    if (line.front() == ' ' || line.front() == '\t') {
      if (!last.empty()) fields[last] += line;
      continue;
    }
    const std::size_t colon = line.find(':');
    if (colon == std::string::npos) continue;
    last = line.substr(0, colon);
    for (char& c : last) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    const std::size_t begin = line.find_first_not_of(" \t", colon + 1);
    fields[last] = begin == std::string::npos ? "" : line.substr(begin);
  }
  add_stanza(fields, wanted, lines);
}

}  // namespace

std::vector<std::string> builder_apt_sources(const std::string& folder, const std::string& suite,
                                             const std::vector<std::string>& components) {
  const Wanted wanted{suite, components};
  Words files = {join_path(folder, "sources.list")};
  std::error_code absent;
  for (const auto& item :
       std::filesystem::directory_iterator(join_path(folder, "sources.list.d"), absent))
    files.push_back(item.path().string());
  std::sort(files.begin() + 1, files.end());
  Words lines;
  for (const std::string& file : files) {
    const std::optional<std::string> text = read_file_if_exists(file);
    if (!text) continue;
    if (file.ends_with(".list")) read_one_line_format(*text, wanted, lines);
    if (file.ends_with(".sources")) read_stanza_format(*text, wanted, lines);
  }
  return lines;
}

}  // namespace kata::rootfs
