// SPDX-License-Identifier: Apache-2.0
//
// `katabuild verify` for repositories: every signature and every digest, from the signature of
// repomd.xml down to each package's bytes, without trusting anything that katabuild remembers.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "runtime/base/command.h"

namespace kata::repo {

struct Problem {
  std::string path;
  std::string what;
};

struct VerifyReport {
  std::vector<std::string> repositories;  ///< folders with a repodata that were checked
  std::size_t packages = 0;               ///< different package files
  std::string key;                        ///< the file with the public key
  bool key_is_from_the_repository = false;
  std::vector<Problem> problems;
};

/// Whether `path` is a folder that verify_repo() can check: one with a repodata, or the root that
/// `katabuild repo` wrote.
[[nodiscard]] bool is_repository(const std::string& path);
/// Checks the repository at `path`, or all snapshots below a root, against the public key in
/// `key_file` (empty: the one at the root). Throws Error only when nothing can be checked.
[[nodiscard]] VerifyReport verify_repo(const std::string& path, const std::string& key_file,
                                       CommandRunner& runner);

}  // namespace kata::repo
