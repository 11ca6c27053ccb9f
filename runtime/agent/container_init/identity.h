// SPDX-License-Identifier: Apache-2.0
//
// Who the container's process is: user, groups and home folder.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

namespace kata::agent::launch {
class Plan;
}

namespace kata::agent {

struct Identity {
  uid_t uid = 0;
  gid_t gid = 0;
  std::vector<gid_t> groups;
  std::string home;  ///< "/" when /etc/passwd does not know the user
};

/// From the spec's numbers, or the names in the plan, looked up in /etc/passwd and /etc/group of
/// the current root. Throws Error(not_found) for a name that is not there.
[[nodiscard]] Identity resolve_identity(const launch::Plan& plan);
/// Groups, gid and uid in the order that works; capabilities stay (PR_SET_KEEPCAPS) until they are
/// set. Throws Error.
void apply_identity(const Identity& identity);

}  // namespace kata::agent
