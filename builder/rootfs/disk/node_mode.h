// SPDX-License-Identifier: Apache-2.0
//
// A node's kind and permissions as file systems store them.
#pragma once

#include <cstdint>

#include "builder/rootfs/tree.h"

namespace kata::rootfs {

/// st_mode: the file type and the permission bits.
[[nodiscard]] std::uint16_t node_mode(const Node& node) noexcept;
/// What a folder's entry says of such a mode's file type, in ext4, EROFS and XFS alike (the
/// kernel's FT_*, see linux/fs_types.h); 0 for none.
[[nodiscard]] unsigned name_type(unsigned mode) noexcept;
/// A device's number as the kernel writes it into file systems (new_encode_dev()).
[[nodiscard]] std::uint32_t device_number(const Node& node) noexcept;

}  // namespace kata::rootfs
