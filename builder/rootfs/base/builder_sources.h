// SPDX-License-Identifier: Apache-2.0
//
// The package repositories that the builder itself uses: a Debian base whose recipe names no
// mirrors is installed from them.
#pragma once

#include <string>
#include <vector>

namespace kata::rootfs {

/// Lines of sources.list(5) for `suite` and what belongs to it (SUITE-updates, SUITE-security), by
/// the files in `folder` (/etc/apt), of both formats; of the components only the named ones. Empty
/// when the builder has none. Throws Error for a file that cannot be read.
[[nodiscard]] std::vector<std::string> builder_apt_sources(
    const std::string& folder, const std::string& suite,
    const std::vector<std::string>& components);

}  // namespace kata::rootfs
