// SPDX-License-Identifier: Apache-2.0
//
// Removing a folder with what is in it, and nothing else.
#pragma once

#include <string>

namespace kata {

/// Removes the file or folder at `path` with all that lies in it, as far as it can, and then throws
/// the first Error that it met. It follows no link, and it never enters a mount: what is mounted
/// there or below belongs to somebody else, stays as it is, and is an Error(failed_precondition)
/// that names the place. The kernel decides what a mount is (EBUSY of rmdir(2) and unlink(2)), not
/// a comparison of paths. Nothing at `path` is no error.
void remove_tree(const std::string& path);

}  // namespace kata
