// SPDX-License-Identifier: Apache-2.0
//
// Filling templates of text and HTML: `{{name}}` is a value, escaped for HTML in files that end
// in .html.in, and `{{#list}} ... {{/list}}` repeats for each entry of a list.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace kata::pipeline {

/// A handful of values by name, in the order of their making: a page has thousands of these, and
/// a search through ten is quicker than a map of ten. Names must outlive it: they are literals.
template <typename Value>
class NamedValues {
 public:
  Value& operator[](std::string_view name) {
    for (auto& [key, value] : entries_) {
      if (key == name) return value;
    }
    if (entries_.empty()) entries_.reserve(8);
    return entries_.emplace_back(name, Value()).second;
  }
  /// Null when there is none.
  [[nodiscard]] const Value* find(std::string_view name) const {
    for (const auto& [key, value] : entries_) {
      if (key == name) return &value;
    }
    return nullptr;
  }

 private:
  std::vector<std::pair<std::string_view, Value>> entries_;
};

struct TemplateValues {
  NamedValues<std::string> values;
  NamedValues<std::vector<TemplateValues>> lists;
};

/// `text` for an element's content or an attribute's value, in XML and in HTML.
[[nodiscard]] std::string escaped(std::string_view text);
/// Reads the template at `path` and fills it. Throws Error(invalid_argument) with the line of a
/// name that nobody knows or a list that does not end.
[[nodiscard]] std::string fill_template(const std::string& path, const TemplateValues& values);
/// As above, for text.
[[nodiscard]] std::string fill_text(std::string_view text, const TemplateValues& values,
                                    bool escape, const std::string& name);

}  // namespace kata::pipeline
