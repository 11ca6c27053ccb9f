// SPDX-License-Identifier: Apache-2.0
//
// CHANGELOG.md (Keep a Changelog) as the %changelog of a spec file.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace kata::rpm {

struct ChangelogOptions {
  std::string packager;
  std::string version;  ///< what [Unreleased] will be
  std::string release;
  std::int64_t timestamp = 0;  ///< the day of [Unreleased]
};

/// The entries, newest first. A section without a date, or with nothing in it, is left out, but the
/// first entry is always there. Throws Error(invalid_argument) for a date that is none.
[[nodiscard]] std::string rpm_changelog(std::string_view markdown, const ChangelogOptions& options);

}  // namespace kata::rpm
