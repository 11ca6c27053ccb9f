// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <catch2/catch.hpp>
#include <set>

#include "builder/recipe/recipe_keys.h"
#include "runtime/base/io.h"
#include "runtime/base/text.h"

namespace {

using namespace kata;
using recipe::RecipeKind;

struct Chapter {
  std::string text;
  std::set<std::string> rows;  ///< keys in the first column of its tables
};

/// What stands between backticks at the beginning of a table's row: "| `a`, `b` | ...".
void add_row(const std::string& line, std::set<std::string>& rows) {
  const std::string cell = line.substr(1, line.find('|', 1) - 1);
  for (std::size_t at = cell.find('`'); at != std::string::npos; at = cell.find('`', at)) {
    const std::size_t end = cell.find('`', at + 1);
    rows.insert(cell.substr(at + 1, end - at - 1));
    at = end + 1;
  }
}

Chapter chapter_of(const std::string& document, const std::string& title) {
  Chapter chapter;
  bool inside = false;
  bool in_table = false;
  for (const std::string& line : split_text(document)) {
    if (line.starts_with("## ")) inside = line == "## " + title;
    if (!inside) continue;
    chapter.text += line + "\n";
    if (line.starts_with("|---"))
      in_table = true;
    else if (!line.starts_with("|"))
      in_table = false;
    else if (in_table)
      add_row(line, chapter.rows);
  }
  return chapter;
}

/// As a word of code: `name`, or "name:" in an example.
bool tells(const std::string& text, const std::string& name) {
  const auto is_word = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
  };
  for (std::size_t at = text.find(name); at != std::string::npos; at = text.find(name, at + 1)) {
    const char before = at == 0 ? ' ' : text[at - 1];
    const std::size_t end = at + name.size();
    const char after = end < text.size() ? text[end] : ' ';
    if (is_word(before) || is_word(after)) continue;
    // a package's name needs no mark
    if (name.find('-') != std::string::npos || after == ':' || after == '`' || before == '`' ||
        before == '.')
      return true;
  }
  return false;
}

}  // namespace

TEST_CASE("docs/recipe.md describes each key that the readers take, and no other", "[recipe]") {
  const std::string document = read_file(KATA_SOURCE_DIR "/docs/recipe.md");
  std::set<std::string> known;  // of all kinds: tables of shared sections stand in one chapter
  for (const RecipeKind kind : {RecipeKind::kernel, RecipeKind::image, RecipeKind::packages,
                                RecipeKind::repository, RecipeKind::build}) {
    for (const recipe::RecipeKey& key : recipe::recipe_keys(kind)) known.insert(key.name);
  }
  for (const auto& [kind, title, at_least] : {std::tuple{RecipeKind::kernel, "Kernel", 14},
                                              {RecipeKind::image, "Image", 50},
                                              {RecipeKind::packages, "Packages", 25},
                                              {RecipeKind::repository, "Repository", 20},
                                              {RecipeKind::build, "Build", 25}}) {
    CAPTURE(title);
    const Chapter chapter = chapter_of(document, title);
    const std::vector<recipe::RecipeKey> keys = recipe::recipe_keys(kind);
    CHECK(static_cast<int>(keys.size()) >= at_least);  // the readers were asked in earnest
    for (const recipe::RecipeKey& key : keys) {
      INFO("key " << key.name << " of " << key.section);
      CHECK(tells(key.depth == 0 ? chapter.text : document, key.name));
    }
    for (const std::string& row : chapter.rows) {
      if (row.find_first_not_of("abcdefghijklmnopqrstuvwxyz_0123456789") != std::string::npos)
        continue;  // a file, an option
      INFO("row " << row);
      CHECK(known.contains(row));
    }
  }
}
