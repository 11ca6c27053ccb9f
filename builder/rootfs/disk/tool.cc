// SPDX-License-Identifier: Apache-2.0
#include "builder/rootfs/disk/tool.h"

#include "runtime/base/command.h"
#include "runtime/base/error.h"

namespace kata::rootfs {

std::string require_tool(const std::string& program, const std::string& package,
                         const std::string& what_for) {
  if (std::optional<std::string> path = find_program(program)) return *path;
  throw_error(Code::failed_precondition, "{}: {} is not installed; install {}", what_for, program,
              package);
}

}  // namespace kata::rootfs
