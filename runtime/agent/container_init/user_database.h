// SPDX-License-Identifier: Apache-2.0
//
// The container's own /etc/passwd and /etc/group, read as text: the agent is static, and the C
// library's functions would load modules from the container.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace kata::agent {

struct PasswdEntry {
  std::string name;
  uid_t uid = 0;
  gid_t gid = 0;
  std::string home;
};

/// By name, or by number when `user` is one and no entry has it as its name; see passwd(5). Bad
/// lines are skipped.
[[nodiscard]] std::optional<PasswdEntry> find_user(std::string_view passwd, std::string_view user);
/// As find_user, for group(5).
[[nodiscard]] std::optional<gid_t> find_group(std::string_view group_file, std::string_view group);
/// Groups that list `user` as a member.
[[nodiscard]] std::vector<gid_t> groups_of(std::string_view group_file, std::string_view user);
/// A decimal number below 2^32 - 1; nothing else.
[[nodiscard]] std::optional<std::uint32_t> parse_id(std::string_view text);

}  // namespace kata::agent
