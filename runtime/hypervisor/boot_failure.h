// SPDX-License-Identifier: Apache-2.0
//
// What a guest's last words on its console say about why it did not come up.
#pragma once

#include <string>
#include <string_view>

#include "runtime/config/config.h"

namespace kata::hypervisor {

/// The cause in words and what to do about it; where nothing is known, which keys to look at. The
/// console is the guest's, so this is for people and never for decisions.
[[nodiscard]] std::string explain_boot_failure(std::string_view console,
                                               const config::Hypervisor& config);

}  // namespace kata::hypervisor
