// SPDX-License-Identifier: Apache-2.0
//
// What makes a kernel map an image that it got as persistent memory: the nvdimm driver's info
// block, struct nd_pfn_sb of the kernel's drivers/nvdimm/pfn.h, at 4 KiB. The layout is
// osbuilder's:
//
//   0       MBR that says 3 MiB             for a machine that sees a disk
//   4 KiB   the info block: data at 2 MiB
//   2 MiB   MBR that says 1 MiB             for one that sees memory from 2 MiB on
//   3 MiB   the root file system
#pragma once

#include <cstdint>
#include <string>

#include "builder/rootfs/disk/uuid.h"

namespace kata::rootfs {

constexpr std::uint64_t kDaxHeaderOffset = 4096;
constexpr std::uint64_t kDaxDataOffset = std::uint64_t{2} << 20;
constexpr std::uint64_t kDaxRootOffset = std::uint64_t{3} << 20;
/// The file's size is a multiple of it: a guest adds memory in such pieces.
constexpr std::uint64_t kDaxAlign = std::uint64_t{128} << 20;

/// The info block, 4096 bytes.
[[nodiscard]] std::string dax_header_bytes(const Uuid& uuid);

}  // namespace kata::rootfs
