// SPDX-License-Identifier: Apache-2.0
#include "runtime/base/path.h"

#include <vector>

#include "runtime/base/error.h"

namespace kata {

std::string clean_path(std::string_view path) {
  const bool absolute = path.starts_with('/');
  std::vector<std::string_view> parts;
  while (!path.empty()) {
    const std::size_t slash = path.find('/');
    const std::string_view part = path.substr(0, slash);
    path.remove_prefix(slash == std::string_view::npos ? path.size() : slash + 1);
    if (part.empty() || part == ".") continue;
    if (part == ".." && !parts.empty() && parts.back() != "..") {
      parts.pop_back();
    } else if (part != ".." || !absolute) {
      parts.push_back(part);
    }
  }
  std::string result = absolute ? "/" : "";
  for (const std::string_view part : parts) {
    if (!result.empty() && result.back() != '/') result += '/';
    result += part;
  }
  return result.empty() ? "." : result;
}

std::string join_path(std::string_view base, std::string_view rest) {
  while (base.size() > 1 && base.ends_with('/')) base.remove_suffix(1);
  while (rest.starts_with('/')) rest.remove_prefix(1);
  if (base.empty()) return std::string(rest);
  if (rest.empty()) return std::string(base);
  std::string result(base);
  if (!result.ends_with('/')) result += '/';
  return result.append(rest);
}

bool is_below(std::string_view path, std::string_view directory) {
  const std::string inner = clean_path(path);
  const std::string outer = clean_path(directory);
  if (outer == "/") return inner.starts_with('/');
  return inner == outer || (inner.starts_with(outer) && inner[outer.size()] == '/');
}

std::string_view base_name(std::string_view path) {
  const std::size_t slash = path.rfind('/');
  return slash == std::string_view::npos ? path : path.substr(slash + 1);
}

std::string parent_path(std::string_view path) {
  const std::size_t slash = path.rfind('/');
  if (slash == std::string_view::npos) return ".";
  return slash == 0 ? "/" : std::string(path.substr(0, slash));
}

void check_container_id(std::string_view id) {
  constexpr std::size_t kLongest = 1024;
  if (id.empty()) throw_error(Code::invalid_argument, "container id is empty");
  if (id.size() > kLongest)
    throw_error(Code::invalid_argument, "container id has more than {} characters", kLongest);
  for (const char c : id) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    if (!plain && c != '_' && c != '+' && c != '-' && c != '.') {
      throw_error(
          Code::invalid_argument,
          "container id \"{}\": character '{}' is not allowed, use letters, digits and _+-.", id,
          c);
    }
  }
  if (id.front() == '.' || id.front() == '-') {
    throw_error(Code::invalid_argument, "container id \"{}\": must start with a letter or a digit",
                id);
  }
}

}  // namespace kata
