// SPDX-License-Identifier: Apache-2.0
#include "builder/pipeline/template.h"

#include <algorithm>

#include "runtime/base/error.h"
#include "runtime/base/io.h"

namespace kata::pipeline {
namespace {

struct Filling {
  std::string_view text;
  bool escape;
  const std::string& name;

  [[noreturn]] void fail(std::size_t at, std::string_view what, std::string_view about) const {
    const auto line =
        std::count(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(at), '\n');
    throw_error(Code::invalid_argument, "{}:{}: {} \"{}\"", name, line + 1, what, about);
  }

  /// An inner list sees the values around it.
  const std::string& value(std::string_view key, std::size_t at,
                           const std::vector<const TemplateValues*>& scopes) const {
    for (auto scope = scopes.rbegin(); scope != scopes.rend(); ++scope) {
      if (const std::string* found = (*scope)->values.find(key)) return *found;
    }
    fail(at, "there is no value", key);
  }

  /// Appends [from, to) to `out`.
  void run(std::size_t from, std::size_t to, std::vector<const TemplateValues*>& scopes,
           std::string& out) const {
    while (from < to) {
      const std::size_t open = std::min(text.find("{{", from), to);
      out += text.substr(from, open - from);
      if (open == to) return;
      const std::size_t close = text.find("}}", open);
      if (close == std::string_view::npos)
        fail(open, "a place does not end", text.substr(open, 20));
      std::string_view key = text.substr(open + 2, close - open - 2);
      from = close + 2;
      if (!key.starts_with('#')) {
        const std::string& found = value(key, open, scopes);
        out += escape ? escaped(found) : found;
        continue;
      }
      key.remove_prefix(1);
      const std::string end = "{{/" + std::string(key) + "}}";
      const std::size_t stop = text.find(end, from);
      if (stop == std::string_view::npos || stop > to) fail(open, "a list does not end", key);
      const std::vector<TemplateValues>* list = scopes.back()->lists.find(key);
      if (list == nullptr) fail(open, "there is no list", key);
      for (const TemplateValues& item : *list) {
        scopes.push_back(&item);
        run(from, stop, scopes, out);
        scopes.pop_back();
      }
      from = stop + end.size();
    }
  }
};

}  // namespace

std::string escaped(std::string_view text) {
  std::string result;
  result.reserve(text.size());
  for (const char c : text) {
    switch (c) {
      case '&':
        result += "&amp;";
        break;
      case '<':
        result += "&lt;";
        break;
      case '>':
        result += "&gt;";
        break;
      case '"':
        result += "&quot;";
        break;
      default:
        result += c;
    }
  }
  return result;
}

std::string fill_text(std::string_view text, const TemplateValues& values, bool escape,
                      const std::string& name) {
  std::string out;
  std::vector<const TemplateValues*> scopes = {&values};
  Filling{text, escape, name}.run(0, text.size(), scopes, out);
  return out;
}

std::string fill_template(const std::string& path, const TemplateValues& values) {
  return fill_text(read_file(path), values, path.ends_with(".html.in"), path);
}

}  // namespace kata::pipeline
