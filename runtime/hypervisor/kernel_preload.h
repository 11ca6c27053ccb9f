// SPDX-License-Identifier: Apache-2.0
//
// The guest's memory with its kernel already in it. QEMU keeps the file of a kernel that it loads
// mapped for as long as it runs, all of it, beside the copy in the guest's memory; of a kernel that
// is there already it sees only what the guest uses.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "runtime/base/fd.h"

namespace kata::hypervisor {

struct PreloadedKernel {
  UniqueFd memory;  ///< the whole of the guest's memory, for share=on
  UniqueFd entry;   ///< for -kernel: an ELF file that does nothing but jump to the kernel's entry
};

/// Makes `memory_bytes` of guest memory that holds the kernel where it wants to be. Nothing when
/// `kernel` is no ELF file with a PVH entry, or lies where memory is not simply memory: QEMU then
/// has to load it, or to say what is wrong with it. Throws Error when memory is short.
[[nodiscard]] std::optional<PreloadedKernel> preload_kernel(const std::string& kernel,
                                                            std::uint64_t memory_bytes);

}  // namespace kata::hypervisor
