// SPDX-License-Identifier: Apache-2.0
//
// What PID 1 finds missing or amiss: the kernel's own file systems, the loopback. Everything is
// done once and in order, and only as much as a container needs, since each system call counts in
// the time to the first answer.
#pragma once

#include <string>

namespace kata::agent {

/// /proc, /sys and /dev: what is needed to find the host's port. Throws Error.
void mount_first();
/// The rest: /run, /tmp, /dev/pts, /dev/shm, /dev/mqueue, cgroup2 with its controllers, the
/// standard links in /dev; and the loopback up. Throws Error.
void mount_rest();
/// Ends what would wake an idle guest: kcompactd looks twice a second whether memory could do with
/// compacting. Whoever needs a large page still has it compacted; see vm.compaction_proactiveness
/// in the kernel's sysctl/vm.rst.
void let_guest_sleep();
/// For an agent that is a service: where its guest's init has mounted cgroup2. An init that knows
/// only the older kind (systemd before 226) has it nowhere; then it is mounted below /run. Throws
/// Error.
[[nodiscard]] std::string find_cgroup_root();
/// Turns on every controller for the children of the root cgroup. One that cannot be is logged.
void enable_controllers();

}  // namespace kata::agent
