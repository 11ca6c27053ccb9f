// SPDX-License-Identifier: Apache-2.0
#include "builder/rpm/release_facts.h"

#include <array>

#include "runtime/base/error.h"

namespace kata::rpm {
namespace {

/// The value of NAME="value".
std::string value_of(const std::string& text, const std::string& name) {
  const std::size_t at = ("\n" + text).find("\n" + name + "=");
  if (at == std::string::npos) return {};
  const std::size_t begin = at + name.size() + 1;
  std::string value = text.substr(begin, text.find('\n', begin) - begin);
  std::erase_if(value, [](char c) { return c == '"' || c == '\''; });
  return value;
}

}  // namespace

const ReleaseFacts& release_facts(const std::string& name) {
  // xz is what rpm 4.11 of el7 and 4.14 of el8 write themselves; zstd came with el9.
  static const std::array<ReleaseFacts, 4> facts = {{
      {"el7", "w2.xzdio", true, true},
      {"el8", "w2.xzdio", false, true},
      {"el9", "w19.zstdio", false, false},
      {"el10", "w19.zstdio", false, false},
  }};
  for (const ReleaseFacts& each : facts) {
    if (each.name == name) return each;
  }
  throw_error(Code::invalid_argument, "release {}: nothing is known of it", name);
}

std::string release_of_host(const std::string& os_release) {
  const std::string like =
      " " + value_of(os_release, "ID") + " " + value_of(os_release, "ID_LIKE") + " ";
  const bool enterprise =
      like.find(" ol ") != std::string::npos || like.find(" rhel ") != std::string::npos;
  const std::string version = value_of(os_release, "VERSION_ID");
  if (!enterprise || version.empty()) return {};
  return "el" + version.substr(0, version.find('.'));
}

}  // namespace kata::rpm
