// SPDX-License-Identifier: Apache-2.0
#include "runtime/agent/container_init/user_database.h"

#include <charconv>
#include <limits>

namespace kata::agent {
namespace {

std::vector<std::string_view> split(std::string_view line, char separator) {
  std::vector<std::string_view> fields;
  for (;;) {
    const std::size_t end = line.find(separator);
    fields.push_back(line.substr(0, end));
    if (end == std::string_view::npos) return fields;
    line.remove_prefix(end + 1);
  }
}

/// Calls `on_fields` for each line with at least `least` fields until it returns true.
template <typename OnFields>
void for_each_entry(std::string_view text, std::size_t least, OnFields&& on_fields) {
  for (const std::string_view line : split(text, '\n')) {
    if (line.empty() || line.front() == '#') continue;
    const std::vector<std::string_view> fields = split(line, ':');
    if (fields.size() >= least && on_fields(fields)) return;
  }
}

}  // namespace

std::optional<std::uint32_t> parse_id(std::string_view text) {
  std::uint32_t id = 0;
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, id);
  if (text.empty() || error != std::errc() || stop != end) return std::nullopt;
  if (id == std::numeric_limits<std::uint32_t>::max())
    return std::nullopt;  // means "unchanged" in chown(2)
  return id;
}

std::optional<PasswdEntry> find_user(std::string_view passwd, std::string_view user) {
  std::optional<PasswdEntry> by_name;
  std::optional<PasswdEntry> by_id;
  const std::optional<std::uint32_t> wanted = parse_id(user);
  for_each_entry(passwd, 6, [&](const std::vector<std::string_view>& fields) {
    const auto uid = parse_id(fields[2]);
    const auto gid = parse_id(fields[3]);
    if (!uid || !gid) return false;
    const PasswdEntry entry{std::string(fields[0]), *uid, *gid, std::string(fields[5])};
    if (fields[0] == user) {
      by_name = entry;
      return true;
    }
    if (wanted == uid && !by_id) by_id = entry;
    return false;
  });
  return by_name ? by_name : by_id;
}

std::optional<gid_t> find_group(std::string_view group_file, std::string_view group) {
  std::optional<gid_t> by_name;
  for_each_entry(group_file, 3, [&](const std::vector<std::string_view>& fields) {
    if (fields[0] == group) by_name = parse_id(fields[2]);
    return by_name.has_value();
  });
  return by_name ? by_name : parse_id(group);
}

std::vector<gid_t> groups_of(std::string_view group_file, std::string_view user) {
  std::vector<gid_t> groups;
  for_each_entry(group_file, 4, [&](const std::vector<std::string_view>& fields) {
    const auto gid = parse_id(fields[2]);
    if (!gid) return false;
    for (const std::string_view member : split(fields[3], ',')) {
      if (member == user) groups.push_back(*gid);
    }
    return false;
  });
  return groups;
}

}  // namespace kata::agent
