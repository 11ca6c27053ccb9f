// SPDX-License-Identifier: Apache-2.0
//
// Which packages a repository shall hold: those of its pools, and those published before.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "builder/repo/pool.h"

namespace kata::repo {

struct Selection {
  Packages packages;                                     ///< in the metadata's order
  std::unordered_map<std::string, std::string> sources;  ///< location and the pool's file
};

/// Joins pools and published packages and drops all but the `keep_versions` newest of each (0:
/// keeps all). Throws Error when two packages of one name and version have different bytes.
[[nodiscard]] Selection select_packages(std::span<const PoolPackage> pool,
                                        const Packages& published, std::uint64_t keep_versions);
/// Whether a package belongs into the repository of `architecture`: its own, or `noarch`.
[[nodiscard]] bool fits_architecture(const Package& package, const std::string& architecture);

}  // namespace kata::repo
