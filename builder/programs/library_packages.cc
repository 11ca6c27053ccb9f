// SPDX-License-Identifier: Apache-2.0
#include "builder/programs/library_packages.h"

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <utility>

#include "runtime/base/error.h"
#include "runtime/base/io.h"
#include "runtime/base/text.h"

namespace kata::programs {
namespace {

using recipe::Component;

constexpr std::size_t kPathsAtOnce = 1000;  // far below the limit of a command line
constexpr const char* kRelation = "STATIC_LINK";

/// Calls `take` with each line of what `head` plus some of `arguments` prints. Some of the
/// arguments may fail.
template <typename Take>
void run_in_batches(const std::vector<std::string>& head, const std::set<std::string>& arguments,
                    CommandRunner& runner, Take take) {
  auto next = arguments.begin();
  while (next != arguments.end()) {
    Command command;
    command.argv = head;
    for (std::size_t i = 0; i < kPathsAtOnce && next != arguments.end(); ++i)
      command.argv.push_back(*next++);
    command.env = {"LC_ALL=C", "PATH=/usr/bin:/bin:/usr/sbin:/sbin"};
    for (const std::string& line : split_text(runner.run(command).output)) take(line);
  }
}

std::string distribution() {
  for (const std::string& line : split_text(read_file_if_exists("/etc/os-release").value_or(""))) {
    if (!line.starts_with("ID=")) continue;
    std::string id = line.substr(3);
    std::erase(id, '"');
    return id;
  }
  return "linux";
}

/// Licences of sources whose copyright file is prose, or in words of its own: those that programs
/// of ours hold.
std::string well_known_license(const std::string& source) {
  if (source == "glibc") return "LGPL-2.1-or-later";
  if (source.starts_with("gcc-")) return "GPL-3.0-or-later WITH GCC-exception-3.1";
  if (source == "linux") return "GPL-2.0-only WITH Linux-syscall-note";
  if (source == "asio") return "BSL-1.0";
  if (source == "fmtlib") return "MIT";
  if (source == "protobuf") return "BSD-3-Clause";
  return {};
}

/// A package URL's version: what is not plain is percent-encoded.
std::string encoded(const std::string& text) {
  std::string result;
  for (const char c : text) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       c == '.' || c == '-' || c == '_' || c == '~';
    result += plain ? std::string(1, c) : fmt::format("%{:02X}", static_cast<unsigned char>(c));
  }
  return result;
}

std::vector<Component> owners_by_dpkg(const std::set<std::string>& files, CommandRunner& runner) {
  std::set<std::string> packages;
  run_in_batches({"dpkg-query", "--search"}, files, runner, [&](const std::string& line) {
    const std::size_t colon = line.find(": ");
    if (colon == std::string::npos || line.starts_with("diversion ")) return;
    for (std::string name : split_text(line.substr(0, colon), ',')) {
      name.erase(0, name.find_first_not_of(' '));
      packages.insert(name);
    }
  });
  std::vector<Component> components;
  const std::string vendor = distribution();
  run_in_batches(
      {"dpkg-query", "--show", "--showformat",
       "${Package}|${Version}|${source:Package}|${Architecture}\\n"},
      packages, runner, [&](const std::string& line) {
        const std::vector<std::string> fields = split_text(line, '|');
        if (fields.size() != 4) return;
        std::string license = well_known_license(fields[2]);
        if (license.empty()) {
          license = license_of_copyright(
              read_file_if_exists("/usr/share/doc/" + fields[0] + "/copyright").value_or(""));
        }
        components.push_back({.name = fields[0],
                              .version = fields[1],
                              .license = license,
                              .purl = fmt::format("pkg:deb/{}/{}@{}?arch={}", vendor, fields[0],
                                                  encoded(fields[1]), fields[3]),
                              .relation = kRelation,
                              .sha256 = ""});
      });
  return components;
}

std::vector<Component> owners_by_rpm(const std::set<std::string>& files, CommandRunner& runner) {
  std::set<Component> components;
  const std::string vendor = distribution();
  run_in_batches({"rpm", "--query", "--file", "--queryformat",
                  "%{NAME}|%{VERSION}-%{RELEASE}|%{LICENSE}|%{ARCH}\\n"},
                 files, runner, [&](const std::string& line) {
                   const std::vector<std::string> fields = split_text(line, '|');
                   if (fields.size() != 4) return;
                   components.insert({.name = fields[0],
                                      .version = fields[1],
                                      .license = fields[2],
                                      .purl = fmt::format("pkg:rpm/{}/{}@{}?arch={}", vendor,
                                                          fields[0], encoded(fields[1]), fields[3]),
                                      .relation = kRelation,
                                      .sha256 = ""});
                 });
  return {components.begin(), components.end()};
}

/// Debian's short name of a licence in SPDX's words; empty: it has none.
std::string spdx_name(const std::string& name) {
  static const std::map<std::string, std::string> names = {{"Expat", "MIT"},
                                                           {"MIT", "MIT"},
                                                           {"Apache-2.0", "Apache-2.0"},
                                                           {"Apache-2", "Apache-2.0"},
                                                           {"BSD-2-clause", "BSD-2-Clause"},
                                                           {"BSD-3-clause", "BSD-3-Clause"},
                                                           {"BSD-3-Clause", "BSD-3-Clause"},
                                                           {"3-Clause-BSD", "BSD-3-Clause"},
                                                           {"BSD-3-clause-Google", "BSD-3-Clause"},
                                                           {"BSL-1.0", "BSL-1.0"},
                                                           {"BSL-1", "BSL-1.0"},
                                                           {"Boost-1.0", "BSL-1.0"},
                                                           {"Zlib", "Zlib"},
                                                           {"ISC", "ISC"},
                                                           {"GPL-2", "GPL-2.0-only"},
                                                           {"GPL-2+", "GPL-2.0-or-later"},
                                                           {"GPL-3", "GPL-3.0-only"},
                                                           {"GPL-3+", "GPL-3.0-or-later"},
                                                           {"LGPL-2", "LGPL-2.0-only"},
                                                           {"LGPL-2+", "LGPL-2.0-or-later"},
                                                           {"LGPL-2.1", "LGPL-2.1-only"},
                                                           {"LGPL-2.1+", "LGPL-2.1-or-later"},
                                                           {"LGPL-3", "LGPL-3.0-only"},
                                                           {"LGPL-3+", "LGPL-3.0-or-later"}};
  const auto found = names.find(name);
  return found == names.end() ? std::string() : found->second;
}

/// "GPL-2+ or Expat" as an SPDX expression; empty when a part of it has no SPDX name.
std::string spdx_expression(const std::string& text) {
  std::string expression;
  for (const std::string& word : split_text(text, ' ')) {
    if (word.empty()) continue;
    const std::string part = word == "and" ? "AND" : word == "or" ? "OR" : spdx_name(word);
    if (part.empty()) return {};
    expression += (expression.empty() ? "" : " ") + part;
  }
  return expression;
}

std::optional<std::string> field_of(const std::string& line, std::string_view name) {
  if (!line.starts_with(name)) return std::nullopt;
  const std::size_t begin = line.find_first_not_of(" \t", name.size());
  return begin == std::string::npos ? std::string() : line.substr(begin);
}

}  // namespace

std::string license_of_copyright(std::string_view text) {
  bool is_for_all = false;
  for (const std::string& line : split_text(text)) {
    if (line.empty()) is_for_all = false;
    if (const auto files = field_of(line, "Files:")) is_for_all = *files == "*";
    if (const auto license = field_of(line, "License:"); license && is_for_all)
      return spdx_expression(*license);
  }
  return {};
}

std::vector<Component> owners_of(const std::set<std::string>& files, CommandRunner& runner) {
  std::vector<Component> components;
  // a builder may have both; the one that knows the files is the system's own
  if (find_program("dpkg-query")) components = owners_by_dpkg(files, runner);
  if (components.empty() && find_program("rpm")) components = owners_by_rpm(files, runner);
  std::sort(components.begin(), components.end());
  return components;
}

}  // namespace kata::programs
