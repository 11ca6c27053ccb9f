// SPDX-License-Identifier: Apache-2.0
//
// Programs that one kind of image needs, and that are missed only when it is built.
#pragma once

#include <string>

namespace kata::rootfs {

/// The path of `program`; throws Error(failed_precondition) that names the package to install, and
/// what for.
[[nodiscard]] std::string require_tool(const std::string& program, const std::string& package,
                                       const std::string& what_for);

}  // namespace kata::rootfs
