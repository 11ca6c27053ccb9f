// SPDX-License-Identifier: Apache-2.0
#include "builder/rpm/spec_template.h"

#include <algorithm>

#include "runtime/base/error.h"

namespace kata::rpm {

std::string fill_template(std::string_view text, const Values& values, const std::string& file) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const std::size_t end = text[i] == '@' ? text.find('@', i + 1) : std::string_view::npos;
    const std::string name(end == std::string_view::npos ? "" : text.substr(i + 1, end - i - 1));
    const bool is_name =
        !name.empty() && name.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZ_") == std::string::npos;
    if (!is_name) {
      out += text[i];
      continue;
    }
    const auto value = values.find(name);
    if (value == values.end()) {
      const auto line =
          std::count(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(i), '\n');
      throw_error(Code::invalid_argument, "{}:{}: unknown name @{}@", file, line + 1, name);
    }
    out += value->second;
    i = end;
  }
  return out;
}

}  // namespace kata::rpm
