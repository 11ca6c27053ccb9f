// SPDX-License-Identifier: Apache-2.0
//
// What happens in a sandbox, as a value that crosses into another process of katabuild.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "builder/rootfs/sandbox/id_map.h"

namespace kata::rootfs {

struct SandboxBind {
  std::string from;  ///< a file or folder on the builder
  std::string to;    ///< where it is in the sandbox
  bool writable = false;
};

struct SandboxStep {
  std::vector<std::string> argv;  ///< argv[0] is looked up in the step's PATH
  std::vector<std::string> env;   ///< all of it
  /// The folder of the sandbox that is the program's "/", with /proc, /dev and /tmp of its own;
  /// empty: the sandbox's.
  std::string root{};
  bool enters = true;    ///< false: the program stays outside of `root`, which has its mounts
  std::string output{};  ///< a file for standard output; empty: with the error output
};

/// The sandbox's own root is in memory and ends with it. It shows the builder's programs and
/// configuration (/usr, /etc, ...), not to be written to, and an empty folder kSandboxTree.
struct SandboxPlan {
  IdMap ids;
  bool network = false;
  std::uint64_t memory = 0;  ///< the most bytes that files in it may take
  std::vector<SandboxBind> binds;
  std::vector<SandboxStep> steps;  ///< one after another, until one fails
};

inline constexpr const char* kSandboxTree = "/tree";

[[nodiscard]] std::string to_text(const SandboxPlan& plan);
/// The reverse. Throws Error(invalid_argument).
[[nodiscard]] SandboxPlan sandbox_plan_from_text(std::string_view text);

}  // namespace kata::rootfs
