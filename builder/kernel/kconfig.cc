// SPDX-License-Identifier: Apache-2.0
#include "builder/kernel/kconfig.h"

#include <fmt/core.h>

#include <optional>
#include <string_view>

#include "runtime/base/error.h"
#include "runtime/base/io.h"
#include "runtime/base/path.h"
#include "runtime/base/text.h"

namespace kata::kernel {
namespace {

constexpr int kMaxDepth = 32;

struct Block {
  std::string kind;  ///< "if", "menu", "choice"
  std::vector<std::string> depends;
  std::vector<std::string> prompt_needs;
};

std::size_t indentation(std::string_view line) {
  std::size_t columns = 0;
  for (const char c : line) {
    if (c == '\t') {
      columns = (columns / 8 + 1) * 8;
    } else if (c == ' ') {
      ++columns;
    } else {
      break;
    }
  }
  return columns;
}

std::string_view without_comment(std::string_view line) {
  char quote = 0;
  for (std::size_t i = 0; i < line.size(); ++i) {
    if (quote != 0) {
      if (line[i] == '\\')
        ++i;
      else if (line[i] == quote)
        quote = 0;
    } else if (line[i] == '"' || line[i] == '\'') {
      quote = line[i];
    } else if (line[i] == '#') {
      return line.substr(0, i);
    }
  }
  return line;
}

/// Cuts the first word off `rest`.
std::string_view take_word(std::string_view& rest) {
  const std::size_t end = std::min(rest.find_first_of(" \t"), rest.size());
  const std::string_view word = rest.substr(0, end);
  rest = trimmed(rest.substr(end));
  return word;
}

/// The condition after " if " outside of quotes; empty when there is none.
std::string_view condition_after_if(std::string_view rest) {
  char quote = 0;
  for (std::size_t i = 0; i < rest.size(); ++i) {
    if (quote != 0) {
      if (rest[i] == quote) quote = 0;
    } else if (rest[i] == '"' || rest[i] == '\'') {
      quote = rest[i];
    } else if (rest.substr(i).starts_with("if ") &&
               (i == 0 || rest[i - 1] == ' ' || rest[i - 1] == '\t' || rest[i - 1] == '"')) {
      return trimmed(rest.substr(i + 3));
    }
  }
  return {};
}

void replace_all(std::string& text, std::string_view what, std::string_view with) {
  for (std::size_t at = text.find(what); at != std::string::npos;
       at = text.find(what, at + with.size())) {
    text.replace(at, what.size(), with);
  }
}

class Reader {
 public:
  Reader(std::string folder, std::string srcarch)
      : folder_(std::move(folder)), srcarch_(std::move(srcarch)) {}

  void read(const std::string& name, int depth) {
    const std::optional<std::string> text = read_file_if_exists(join_path(folder_, name));
    if (!text) {
      if (depth == 0)
        throw_error(Code::not_found, "read {}/{}: there is no such file", folder_, name);
      return;
    }
    if (depth > kMaxDepth) return;
    read_lines(*text, name, depth);
  }

  KconfigTree take() {
    finish_config();
    return std::move(tree_);
  }

 private:
  void read_lines(std::string_view text, const std::string& name, int depth) {
    std::size_t begin = 0;
    std::size_t number = 0;
    std::optional<std::size_t> help_indent;
    bool in_help = false;
    std::string joined;
    while (begin < text.size()) {
      const std::size_t end = std::min(text.find('\n', begin), text.size());
      const std::string_view raw = text.substr(begin, end - begin);
      begin = end + 1;
      ++number;
      if (in_help) {
        if (trimmed(raw).empty()) continue;
        if (!help_indent) help_indent = indentation(raw);
        if (*help_indent > 0 && indentation(raw) >= *help_indent) continue;
        in_help = false;
      }
      const std::string_view line = trimmed(without_comment(raw));
      if (line.ends_with('\\')) {
        joined += std::string(line.substr(0, line.size() - 1)) + " ";
        continue;
      }
      joined += line;
      if (joined == "help" || joined == "---help---") {
        in_help = true;
        help_indent.reset();
      } else if (!joined.empty()) {
        read_statement(joined, fmt::format("{}:{}", name, number), depth);
      }
      joined.clear();
    }
  }

  void read_statement(std::string_view line, const std::string& place, int depth) {
    std::string_view rest = line;
    const std::string_view word = take_word(rest);
    if (word == "config" || word == "menuconfig") {
      finish_config();
      symbol_ = rest;
      definition_ = Definition{};
      definition_->place = place;
    } else if (word == "if" || word == "menu" || word == "choice") {
      finish_config();
      blocks_.push_back({std::string(word), {}, {}});
      if (word == "if") blocks_.back().depends.emplace_back(rest);
    } else if (word == "endif" || word == "endmenu" || word == "endchoice") {
      finish_config();
      if (!blocks_.empty()) blocks_.pop_back();
    } else if (word == "source") {
      finish_config();
      include(rest, depth);
    } else if (word == "comment" || word == "mainmenu") {
      finish_config();
      in_comment_ = word == "comment";
    } else {
      read_property(word, rest);
    }
  }

  void read_property(std::string_view word, std::string_view rest) {
    if (word == "depends") {
      take_word(rest);  // "on"
      if (definition_)
        definition_->depends.emplace_back(rest);
      else if (!in_comment_ && !blocks_.empty())
        blocks_.back().depends.emplace_back(rest);
      return;
    }
    if (word == "visible" && !definition_ && !blocks_.empty()) {
      blocks_.back().prompt_needs.emplace_back(condition_after_if(rest));
      return;
    }
    if (!definition_) return;
    const bool is_type = word == "bool" || word == "tristate" || word == "int" || word == "hex" ||
                         word == "string" || word == "prompt" || word == "boolean";
    if (is_type && !rest.empty() && (rest.front() == '"' || rest.front() == '\'')) {
      definition_->has_prompt = true;
      const std::string_view condition = condition_after_if(rest);
      if (!condition.empty()) definition_->prompt_needs.emplace_back(condition);
    } else if (word == "select") {
      const std::string selected(take_word(rest));
      tree_.selections[selected].push_back({symbol_, std::string(condition_after_if(rest))});
    }
  }

  void include(std::string_view rest, int depth) {
    std::string name(rest);
    if (name.size() >= 2 && name.front() == '"') name = name.substr(1, name.size() - 2);
    for (const char* variable : {"$(SRCARCH)", "$SRCARCH", "${SRCARCH}"})
      replace_all(name, variable, srcarch_);
    if (name.find('$') != std::string::npos) return;
    read(name, depth + 1);
  }

  void finish_config() {
    in_comment_ = false;
    if (!definition_) return;
    for (const Block& block : blocks_) {
      definition_->depends.insert(definition_->depends.begin(), block.depends.begin(),
                                  block.depends.end());
      definition_->prompt_needs.insert(definition_->prompt_needs.end(), block.prompt_needs.begin(),
                                       block.prompt_needs.end());
    }
    tree_.symbols[symbol_].push_back(std::move(*definition_));
    definition_.reset();
  }

  std::string folder_;
  std::string srcarch_;
  KconfigTree tree_;
  std::vector<Block> blocks_;
  std::string symbol_;
  std::optional<Definition> definition_;
  bool in_comment_ = false;
};

}  // namespace

KconfigTree read_kconfig(const std::string& folder, const std::string& srcarch) {
  Reader reader(folder, srcarch);
  reader.read("Kconfig", 0);
  return reader.take();
}

}  // namespace kata::kernel
