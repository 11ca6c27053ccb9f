// SPDX-License-Identifier: Apache-2.0
//
// What the sandbox's processes see: a root in memory with the builder's programs in it, and roots
// below it for programs of a tree. Called in a mount namespace of their own only.
#pragma once

#include <string>
#include <vector>

#include "builder/rootfs/sandbox/sandbox_plan.h"
#include "runtime/base/fd.h"

namespace kata::rootfs {

/// Descriptors of what will be bound, opened while the process still is who it was outside: later
/// it may not pass the folders above.
struct OpenedBind {
  UniqueFd from;
  bool is_directory = false;
  std::string to;
  bool writable = false;
};

/// The plan's binds, and what every sandbox shows. Throws Error.
[[nodiscard]] std::vector<OpenedBind> open_binds(const SandboxPlan& plan);
/// Mounts the view at /tmp. Throws Error.
void mount_view(const SandboxPlan& plan, const std::vector<OpenedBind>& binds);
/// Makes the view the root, with a /proc of the current process namespace. Throws Error.
void enter_view();
/// Gives the folder `root` a /proc, /dev and /tmp of its own. Throws Error.
void mount_in_tree(const std::string& root);
/// Makes the folder, mounted by the above, the root. Throws Error.
void enter_tree(const std::string& root);

}  // namespace kata::rootfs
