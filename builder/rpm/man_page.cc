// SPDX-License-Identifier: Apache-2.0
#include "builder/rpm/man_page.h"

#include <fmt/core.h>

#include <algorithm>
#include <cctype>
#include <vector>

namespace kata::rpm {
namespace {

std::vector<std::string> lines_of(std::string_view text) {
  std::vector<std::string> lines;
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    lines.emplace_back(text.substr(0, end));
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  }
  return lines;
}

/// A character as man(7) wants it: no escape by accident, and dashes that can be copied.
std::string escaped(char c) {
  if (c == '\\') return "\\e";
  if (c == '-') return "\\-";
  return {c};
}

/// **bold**, *italic* and `code`; a line that begins with a dot or quote is no request.
std::string inline_text(std::string_view text) {
  std::string out;
  char open = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool two = text.substr(i, 2) == "**";
    const char mark = two ? 'B' : text[i] == '*' ? 'I' : text[i] == '`' ? 'C' : '\0';
    if (text[i] == '\\' && i + 1 < text.size()) {
      out += escaped(text[++i]);
    } else if (mark == 0 || (open == 'C' && mark != 'C')) {
      out += escaped(text[i]);
    } else {
      out += open == mark ? "\\fR" : mark == 'I' ? "\\fI" : "\\fB";
      open = open == mark ? '\0' : mark;
      if (two) ++i;
    }
  }
  if (open != 0) out += "\\fR";
  if (out.starts_with('.') || out.starts_with('\'')) out.insert(0, "\\&");
  return out;
}

std::string upper(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  return text;
}

bool is_example(const std::string& line) { return line.starts_with("    "); }

}  // namespace

std::string man_page(std::string_view markdown, const std::string& name,
                     const std::string& section) {
  std::string out = fmt::format(".TH {} {}\n", upper(name), section);
  const std::vector<std::string> lines = lines_of(markdown);
  for (std::size_t i = 0; i < lines.size(); ++i) {
    const std::string& line = lines[i];
    const bool first_of_example = is_example(line) && (i == 0 || !is_example(lines[i - 1]));
    if (line.starts_with("<!--") || line.starts_with("% ") ||
        line == "# " + name + "(" + section + ")")
      continue;
    if (line.starts_with("#")) {
      out += ".SH " + upper(line.substr(line.find_first_not_of("# "))) + "\n";
    } else if (line.empty()) {
      out += i + 1 < lines.size() && !lines[i + 1].starts_with("#") ? ".PP\n" : "";
    } else if (is_example(line)) {
      if (first_of_example) out += ".RS 4\n.nf\n";
      out += inline_text(line.substr(4)) + "\n";
      if (i + 1 == lines.size() || !is_example(lines[i + 1])) out += ".fi\n.RE\n";
    } else if (line.starts_with("- ")) {
      out += ".IP \\(bu 2\n" + inline_text(line.substr(2)) + "\n";
    } else if (line.starts_with(": ")) {
      out += inline_text(line.substr(2)) + "\n";
    } else {
      if (i + 1 < lines.size() && lines[i + 1].starts_with(": ")) out += ".TP\n";
      out += inline_text(line) + "\n";
    }
  }
  return out;
}

}  // namespace kata::rpm
