// SPDX-License-Identifier: Apache-2.0
//
// The project's own files, for the source tarball in source RPMs.
#pragma once

#include <string>
#include <vector>

#include "builder/archive/tar_writer.h"
#include "runtime/base/command.h"

namespace kata::rpm {

/// The files below `folder`, named `prefix`/...: in a git checkout those that git knows, else all
/// but build results (build/, .cache/). Throws Error.
[[nodiscard]] std::vector<archive::TarFile> source_tree(const std::string& folder,
                                                        const std::string& prefix,
                                                        CommandRunner& runner);
/// All files below `folder`, by their paths in it. Nothing when there is no such folder.
[[nodiscard]] std::vector<archive::TarFile> files_below(const std::string& folder);

/// What decides that tree, as one SHA-256. Throws Error.
[[nodiscard]] std::string source_tree_digest(const std::string& folder, CommandRunner& runner);

}  // namespace kata::rpm
