// SPDX-License-Identifier: Apache-2.0
//
// File capabilities as setcap(8) takes them, in the form in which the kernel keeps them with a
// file. Written here because setcap needs a file and privilege; an image needs neither.
#pragma once

#include <string>
#include <string_view>

namespace kata::rootfs {

/// The extended attribute that holds a file's capabilities.
inline constexpr const char* kCapabilityAttribute = "security.capability";

/// The attribute's bytes (VFS_CAP_REVISION_2) for a text like "cap_net_admin,cap_net_raw+ep"
/// (cap_from_text(3)). Throws Error(invalid_argument) for a name or operator that is unknown, and
/// for an effective set that a file cannot have: the kernel keeps one bit for all.
[[nodiscard]] std::string capability_attribute(std::string_view text);

}  // namespace kata::rootfs
