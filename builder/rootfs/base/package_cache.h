// SPDX-License-Identifier: Apache-2.0
//
// Packages by their digest in the cache, for rebuilds without a network.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "builder/pipeline/context.h"
#include "builder/rootfs/base/package_lock.h"

namespace kata::rootfs {

/// Where a package of this digest is, or would be.
[[nodiscard]] std::string cached_package(const std::string& sha256,
                                         const pipeline::Context& context);
/// Moves a file in, after its digest and size were compared with the lock's. Throws Error that
/// names the package.
void keep_package(const std::string& file, const LockedPackage& package,
                  const pipeline::Context& context);
/// Those that the cache lacks. Throws Error when there are some and the build is offline.
[[nodiscard]] std::vector<LockedPackage> missing_packages(const PackageLock& lock,
                                                          const pipeline::Context& context);
/// Links every package by its file's name into the new folder. Throws Error.
void lay_out_packages(const PackageLock& lock, const std::string& folder,
                      const pipeline::Context& context);

}  // namespace kata::rootfs
