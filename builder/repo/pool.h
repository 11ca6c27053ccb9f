// SPDX-License-Identifier: Apache-2.0
//
// The folders packages come from. A package is read and its signature checked once; as long as the
// file stays the same, later publishes only look at its size and times.
#pragma once

#include <string>
#include <unordered_map>
#include <vector>

#include "builder/pipeline/progress.h"
#include "builder/repo/package.h"
#include "builder/repo/package_verifier.h"

namespace kata::repo {

/// Digests of files (packages of the pools, and repomd.xml of what was published) by path, size,
/// times and inode, all checked against one key. It lives in the cache: without it every file is
/// checked again, and nothing else changes.
class PoolMemory {
 public:
  /// What the file at `path` remembers for this key; nothing when it is missing or damaged.
  PoolMemory(std::string path, const std::string& fingerprint);
  /// The digest of the file, when it is still the one that was checked.
  [[nodiscard]] std::string recall(const std::string& file) const;
  void remember(const std::string& file, const std::string& sha256);
  /// Throws Error.
  void save() const;

 private:
  struct Entry {
    std::string identity;
    std::string sha256;
    mutable bool used = false;  ///< in this run; others are forgotten
  };
  std::string path_;
  std::string fingerprint_;
  std::unordered_map<std::string, Entry> entries_;
  bool changed_ = false;
};

struct PoolPackage {
  std::string path;
  PackagePtr package;
};

/// Published packages by digest; their metadata is used instead of reading the file again.
using KnownPackages = std::unordered_map<std::string, PackagePtr>;

/// All packages (*.rpm) below `folders`, which may be files, too. Throws one Error that names every
/// package which is corrupt, unsigned or signed by a stranger.
[[nodiscard]] std::vector<PoolPackage> read_pools(const std::vector<std::string>& folders,
                                                  const KnownPackages& known,
                                                  PackageVerifier& verifier, PoolMemory& memory,
                                                  pipeline::Progress& progress);

}  // namespace kata::repo
