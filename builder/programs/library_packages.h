// SPDX-License-Identifier: Apache-2.0
//
// Which packages of the distribution a program was compiled of: what a static program carries along
// and an SBOM must name. Found by the files that the compiler read, not by a list of ours.
#pragma once

#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "builder/recipe/component.h"
#include "runtime/base/command.h"

namespace kata::programs {

/// The packages that own `files` (headers and libraries of the system), by dpkg or rpm, in the
/// order of their names. Files that no package owns are left out. Throws Error.
[[nodiscard]] std::vector<recipe::Component> owners_of(const std::set<std::string>& files,
                                                       CommandRunner& runner);

/// The licence of "Files: *" in a machine-readable copyright file of Debian, as an SPDX expression;
/// empty when it does not say, or in words that have no SPDX name.
[[nodiscard]] std::string license_of_copyright(std::string_view text);

}  // namespace kata::programs
