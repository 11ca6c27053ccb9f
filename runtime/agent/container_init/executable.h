// SPDX-License-Identifier: Apache-2.0
//
// Finding the program of args[0]. The texts are runc's, because Docker reads its exit codes 127 and
// 126 out of them.
#pragma once

#include <string>
#include <vector>

namespace kata::agent {

/// The path to give to execve(2): args[0] itself when it has a slash, else the first match in PATH
/// of `environment`. Throws Error: not_found (127) or permission_denied (126).
[[nodiscard]] std::string find_executable(const std::string& name,
                                          const std::vector<std::string>& environment);
/// Throws the Error for an execve(2) of `path` that failed with `err`.
[[noreturn]] void throw_exec_failure(const std::string& path, int err);

}  // namespace kata::agent
