// SPDX-License-Identifier: Apache-2.0
//
// File capabilities as people write them.
#pragma once

#include <string>
#include <string_view>

namespace kata::inspect {

/// The value of the extended attribute security.capability as setcap(8) takes it:
/// "cap_net_admin,cap_net_raw=ep". What is no such value is told in words.
[[nodiscard]] std::string capabilities_text(std::string_view value);

}  // namespace kata::inspect
