// SPDX-License-Identifier: Apache-2.0
//
// Filling the templates under yum-repo/: `{{name}}` is a value, escaped for HTML in files that end
// in .html.in, and `{{#list}} ... {{/list}}` repeats for each entry of a list.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace kata::repo {

struct TemplateValues {
  std::map<std::string, std::string, std::less<>> values;
  std::map<std::string, std::vector<TemplateValues>, std::less<>> lists;
};

/// Reads the template at `path` and fills it. Throws Error(invalid_argument) with the line of a
/// name that nobody knows or a list that does not end.
[[nodiscard]] std::string fill_template(const std::string& path, const TemplateValues& values);
/// As above, for text.
[[nodiscard]] std::string fill_text(std::string_view text, const TemplateValues& values,
                                    bool escape, const std::string& name);

}  // namespace kata::repo
