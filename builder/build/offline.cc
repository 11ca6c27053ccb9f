// SPDX-License-Identifier: Apache-2.0
#include "builder/build/offline.h"

#include <sched.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "runtime/base/error.h"
#include "runtime/base/io.h"

namespace kata::build {

void leave_the_network() {
  if (::unshare(CLONE_NEWNET) == 0) return;
  const uid_t uid = ::geteuid();
  const gid_t gid = ::getegid();
  if (::unshare(CLONE_NEWUSER | CLONE_NEWNET) != 0) {
    throw_error(Code::failed_precondition,
                "build offline: take the network away: {}: allow user namespaces "
                "(user.max_user_namespaces), run as root, or build without --offline",
                std::strerror(errno));
  }
  // the same ids as before, so that files belong to whom they should; see user_namespaces(7)
  write_kernel_file("/proc/self/setgroups", "deny");
  write_kernel_file("/proc/self/gid_map", fmt::format("{} {} 1", gid, gid));
  write_kernel_file("/proc/self/uid_map", fmt::format("{} {} 1", uid, uid));
}

}  // namespace kata::build
