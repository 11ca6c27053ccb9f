// SPDX-License-Identifier: Apache-2.0
//
// Are two builds the same, signatures aside? For those who trust no binary that they cannot make
// again.
#pragma once

#include <string>
#include <vector>

#include "runtime/base/command.h"

namespace kata::build {

struct Difference {
  std::string path;  ///< below the output folders
  std::string what;  ///< which member of it, or where
};

struct Comparison {
  std::size_t files = 0;  ///< that were compared
  std::vector<Difference> differences;
  std::vector<std::string> not_compared;  ///< with the reason
};

/// Compares the output folders of two builds: programs, kernel and image byte for byte, packages
/// without their signature headers, SBOMs, and each channel's newest metadata without what depends
/// on the packages' signatures. Throws Error when one of them is no output folder.
[[nodiscard]] Comparison compare_builds(const std::string& first, const std::string& second,
                                        CommandRunner& runner);

/// The digest of an RPM file without lead and signature header: what a signature does not change.
/// Throws Error(data_loss) when it is none.
[[nodiscard]] std::string unsigned_digest(const std::string& path);

/// Metadata (primary, filelists or other, unpacked) without what depends on signatures: digests,
/// sizes and times of the package files, and without kata-release-*, which holds the key, when
/// `keys_differ`.
[[nodiscard]] std::string unsigned_metadata(std::string xml, bool keys_differ);

}  // namespace kata::build
