// SPDX-License-Identifier: Apache-2.0
//
// Kconfig silently drops what it does not know or cannot satisfy. Here that is an error which names
// the reason.
#pragma once

#include <string>

#include "builder/kernel/config_merge.h"
#include "builder/kernel/kconfig.h"
#include "builder/kernel/kconfig_expression.h"

namespace kata::kernel {

/// Compares what the fragments ask for with the final .config. Throws Error(invalid_argument) that
/// lists every symbol that differs or that this kernel does not have: the place, both values, and
/// the dependency that is not met.
void check_survived(const Requests& requests, const Values& config, const KconfigTree& tree);

/// Why `symbol` has not the value `wanted`: one phrase.
[[nodiscard]] std::string explain_loss(const std::string& symbol, const std::string& wanted,
                                       const Values& config, const KconfigTree& tree);

}  // namespace kata::kernel
