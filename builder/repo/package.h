// SPDX-License-Identifier: Apache-2.0
//
// A package as the metadata knows it: the few values that decide where it goes, and its pieces of
// primary, filelists and other, which are written out as they are. A package that was published
// before comes back from these pieces without being read again.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace kata::repo {

struct Package {
  std::string name;
  std::string epoch;
  std::string version;
  std::string release;
  std::string arch;  ///< `src` for a source package
  std::string sha256;
  std::uint64_t size = 0;
  std::int64_t build_time = 0;
  std::string location;      ///< below the repository: Packages/k/kata-runtime-1.0-1.el9.x86_64.rpm
  std::string_view primary;  ///< pieces of XML, each a <package> element
  std::string_view filelists;
  std::string_view other;
  std::shared_ptr<const void> storage;  ///< keeps the pieces
};

/// Thousands of packages go from hand to hand; none changes once it was read.
using PackagePtr = std::shared_ptr<const Package>;
using Packages = std::vector<PackagePtr>;

/// Reads a package's header and content with createrepo_c. Nothing of the file's place or times
/// goes into the result, so the same bytes give the same metadata. Throws Error.
[[nodiscard]] Package read_package(const std::string& path);
/// The package that the pieces describe, which `storage` keeps; nothing when they are not what
/// read_package() makes.
[[nodiscard]] std::optional<Package> package_from_metadata(std::string_view primary,
                                                           std::string_view filelists,
                                                           std::string_view other,
                                                           std::shared_ptr<const void> storage);
/// "kata-runtime-1.0-1.el9.x86_64", with the epoch when there is one.
[[nodiscard]] std::string nevra(const Package& package);
/// Older (negative) or newer (positive), as rpm compares epoch, version and release.
[[nodiscard]] int compare_versions(const Package& a, const Package& b);
/// The order of packages in the metadata: by name, then newest version first, then architecture.
[[nodiscard]] bool comes_before(const Package& a, const Package& b);

}  // namespace kata::repo
