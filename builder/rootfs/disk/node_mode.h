// SPDX-License-Identifier: Apache-2.0
//
// A node's kind and permissions as file systems store them.
#pragma once

#include <cstdint>

#include "builder/rootfs/tree.h"

namespace kata::rootfs {

/// st_mode: the file type and the permission bits.
[[nodiscard]] std::uint16_t node_mode(const Node& node) noexcept;
/// A device's number as the kernel writes it into file systems (new_encode_dev()).
[[nodiscard]] std::uint32_t device_number(const Node& node) noexcept;

}  // namespace kata::rootfs
