// SPDX-License-Identifier: Apache-2.0
//
// The programs of RPM and GnuPG that packaging needs.
#pragma once

#include <functional>
#include <string>

#include "builder/pipeline/context.h"

namespace kata::rpm {

/// Throws Error(failed_precondition) that names every program for which `is_there` is false, and
/// the packages that have them.
void check_tools(bool signing, const std::function<bool(const std::string&)>& is_there);
/// The environment of rpm's programs: nothing of the user's but PATH; `home` has no ~/.rpmmacros.
[[nodiscard]] std::vector<std::string> rpm_environment(const std::string& home,
                                                       std::int64_t timestamp);
/// The first line of `rpmbuild --version`.
[[nodiscard]] std::string rpmbuild_version(CommandRunner& runner);

}  // namespace kata::rpm
