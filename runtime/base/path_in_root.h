// SPDX-License-Identifier: Apache-2.0
//
// Finding and making paths inside a container's root file system, whose symbolic links are the
// container's to choose.
#pragma once

#include <string>
#include <string_view>

#include "runtime/base/fd.h"

namespace kata {

enum class IfMissing {
  fail,
  give_up,         ///< an empty descriptor instead of an Error
  make_directory,  ///< all missing folders
  make_file,       ///< missing folders, and an empty file at the end
};

/// O_PATH descriptor of `path` below the folder `root`, as if `root` were "/": links and ".." never
/// lead out, whatever happens to the tree meanwhile. Walks by descriptors, so it needs no
/// openat2(2). Throws Error (not_found, ELOOP).
[[nodiscard]] UniqueFd resolve_in_root(int root, std::string_view path, IfMissing if_missing);

}  // namespace kata
