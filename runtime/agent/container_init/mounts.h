// SPDX-License-Identifier: Apache-2.0
//
// The mounts of config.json, made below a root file system that is not entered yet.
#pragma once

#include <string>

#include "runtime/base/fd.h"

namespace kata::agent::launch {
class Plan;
}

namespace kata::agent {

/// Makes all mounts in the order of the spec; `root` is an open folder, and no destination leads
/// out of it. Throws Error that names the destination.
/// `sysfs`, when it is one, is attached in place of a new one; see user_namespace.h.
void make_mounts(const launch::Plan& plan, int root, UniqueFd sysfs);
/// Makes those tmpfs mounts read-only that asked for it: they had to take device nodes and folders
/// first.
void seal_readonly_tmpfs(const launch::Plan& plan, int root);
/// Binds `source` on `path` below `root`, making an empty file there when it is missing.
void bind_file(const std::string& source, int root, const std::string& path);
/// Hides each path: folders by an empty read-only tmpfs, the rest by /dev/null. Missing paths are
/// skipped.
void mask_paths(const launch::Plan& plan, int root);
/// Makes each path read-only with what is mounted below it. Missing paths are skipped.
void protect_paths(const launch::Plan& plan, int root);

}  // namespace kata::agent
