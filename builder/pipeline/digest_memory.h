// SPDX-License-Identifier: Apache-2.0
//
// Digests of files that have not changed since they were last taken: a hundred megabytes take a
// good part of a second.
#pragma once

#include <string>

#include "builder/pipeline/cache.h"

namespace kata::pipeline {

/// The SHA-256 of the file at `path`, from the cache's memory when inode, size and both times are
/// those of the last time. Throws Error.
[[nodiscard]] std::string remembered_sha256(const std::string& path, const Cache& cache);

}  // namespace kata::pipeline
