// SPDX-License-Identifier: Apache-2.0
//
// Which of the builder's user and group ids stand for those inside of a user namespace. Package
// managers want to be root and to give files to many users; nobody of these may be somebody on the
// builder. See user_namespaces(7), subuid(5).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace kata::rootfs {

struct IdRange {
  std::uint32_t inside = 0;
  std::uint32_t outside = 0;
  std::uint32_t count = 0;

  bool operator==(const IdRange&) const = default;
};

struct IdMap {
  std::vector<IdRange> users;
  std::vector<IdRange> groups;
  bool by_helpers = false;  ///< newuidmap(1) and newgidmap(1) have to write it
};

/// Who asks, and what the system allows.
struct IdFacts {
  std::uint32_t user = 0;
  std::string user_name;  ///< may be empty
  std::uint32_t group = 0;
  std::string uid_map;  ///< text of /proc/self/uid_map
  std::string gid_map;
  std::string subuid;  ///< text of /etc/subuid; empty: none
  std::string subgid;
  bool has_helpers = false;  ///< newuidmap(1) and newgidmap(1) are installed
};

/// The map for these facts. Root gets a range that is nobody's, others themselves and the range
/// that /etc/subuid has for them. Throws Error(failed_precondition) with what to do when there is
/// none.
[[nodiscard]] IdMap choose_id_map(const IdFacts& facts);
/// The facts of this process.
[[nodiscard]] IdFacts read_id_facts();

}  // namespace kata::rootfs
