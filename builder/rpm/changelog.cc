// SPDX-License-Identifier: Apache-2.0
#include "builder/rpm/changelog.h"

#include <time.h>

#include <array>
#include <vector>

#include "runtime/base/error.h"

namespace kata::rpm {
namespace {

struct Section {
  std::string version;
  std::int64_t day = 0;
  std::vector<std::string> items;
};

constexpr std::int64_t kDay = 86400;

/// Markdown's marks are noise here, and % would begin a macro.
std::string plain(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '`' || c == '*') continue;
    out += c;
    if (c == '%') out += c;
  }
  return out;
}

std::string day_text(std::int64_t seconds) {
  const time_t moment = seconds;
  struct tm parts {};
  ::gmtime_r(&moment, &parts);
  std::array<char, 64> text{};
  return {text.data(), ::strftime(text.data(), text.size(), "%a %b %d %Y", &parts)};
}

std::int64_t day_of(const std::string& text) {
  struct tm parts {};
  const char* end = ::strptime(text.c_str(), "%Y-%m-%d", &parts);
  if (end == nullptr || *end != '\0')
    throw_error(Code::invalid_argument, "CHANGELOG.md: \"{}\" is no date like 2026-01-31", text);
  return ::timegm(&parts);
}

/// "## [0.1.0] - 2026-01-31" or "## [Unreleased]".
Section section_of(const std::string& line, const ChangelogOptions& options) {
  Section section;
  const std::size_t open = line.find('[');
  const std::size_t close = line.find(']');
  const bool bracketed = open != std::string::npos && close != std::string::npos;
  const std::string name = bracketed ? line.substr(open + 1, close - open - 1) : line.substr(3);
  if (name == "Unreleased") {
    section.version = options.version;
    section.day = options.timestamp;
    return section;
  }
  const std::size_t dash = line.find(" - ", bracketed ? close : 3);
  section.version = bracketed ? name : name.substr(0, name.find(" - "));
  if (dash != std::string::npos) section.day = day_of(line.substr(dash + 3, 10));
  return section;
}

std::vector<Section> sections_of(std::string_view markdown, const ChangelogOptions& options) {
  std::vector<Section> sections;
  std::string heading;
  while (!markdown.empty()) {
    const std::size_t end = markdown.find('\n');
    const std::string line(markdown.substr(0, end));
    markdown.remove_prefix(end == std::string_view::npos ? markdown.size() : end + 1);
    if (line.starts_with("## ")) {
      sections.push_back(section_of(line, options));
    } else if (line.starts_with("### ")) {
      heading = line.substr(4);
    } else if (line.starts_with("- ") && !sections.empty()) {
      sections.back().items.push_back((heading.empty() ? "" : heading + ": ") + line.substr(2));
    } else if (line.starts_with("  ") && !sections.empty() && !sections.back().items.empty()) {
      sections.back().items.back() += " " + line.substr(line.find_first_not_of(' '));
    }
  }
  return sections;
}

}  // namespace

std::string rpm_changelog(std::string_view markdown, const ChangelogOptions& options) {
  std::vector<Section> sections = sections_of(markdown, options);
  std::erase_if(sections, [](const Section& s) { return s.items.empty() || s.day == 0; });
  if (sections.empty() || sections.front().version != options.version) {
    sections.insert(sections.begin(),
                    {options.version, options.timestamp, {"Packaged by katabuild"}});
  }
  std::string text;
  // rpmbuild refuses entries that are not in descending order of their days
  std::int64_t newest = sections.front().day;
  for (const Section& section : sections) newest = std::max(newest, section.day);
  for (const Section& section : sections) {
    newest = text.empty() ? newest : std::min(newest, section.day);
    text += fmt::format("{}* {} {} - {}-{}\n", text.empty() ? "" : "\n",
                        day_text(newest - newest % kDay), plain(options.packager), section.version,
                        section.version == options.version ? options.release : "1");
    for (const std::string& item : section.items) text += "- " + plain(item) + "\n";
  }
  return text;
}

}  // namespace kata::rpm
