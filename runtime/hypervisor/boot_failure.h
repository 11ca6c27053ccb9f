// SPDX-License-Identifier: Apache-2.0
//
// What a guest's last words on its console say about why it ended.
#pragma once

#include <string>
#include <string_view>

#include "runtime/config/config.h"

namespace kata::hypervisor {

/// The cause in words and what to do about it; empty where nothing is known. The console is the
/// guest's, so this is for people and never for decisions.
[[nodiscard]] std::string find_guest_failure(std::string_view console,
                                             const config::Hypervisor& config);

/// The same for a guest that did not come up; where nothing is known, which keys to look at.
[[nodiscard]] std::string explain_boot_failure(std::string_view console,
                                               const config::Hypervisor& config);

}  // namespace kata::hypervisor
