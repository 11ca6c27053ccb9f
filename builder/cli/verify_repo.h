// SPDX-License-Identifier: Apache-2.0
//
// The part of `katabuild verify` that is about repositories.
#pragma once

#include <string>

namespace kata::cli {

/// Checks the repository at `path` and prints what is wrong; 0 when nothing is, else 1. An empty
/// `key_file` stands for the key at the repository's root. Throws Error when there is nothing to
/// check.
int run_verify_repo(const std::string& path, const std::string& key_file);

}  // namespace kata::cli
