// SPDX-License-Identifier: Apache-2.0
//
// The kernel's ELF file without what only fills space. The linker gives each segment 2 MiB of
// alignment, in the file too; the guest's RAM and QEMU's mapping of the file would hold all of it.
#pragma once

#include <string>
#include <string_view>

namespace kata::kernel {

/// The same image as `elf`: each loaded section at its address, the same entry and notes, and zeros
/// where there is no section. Offsets in the file are aligned to pages only, gaps of a page or more
/// between sections are left out, and there are no section headers. `name` is for errors.
/// Throws Error(data_loss) when `elf` is no 64-bit little-endian executable with section headers.
[[nodiscard]] std::string packed_elf(std::string_view elf, std::string_view name);

}  // namespace kata::kernel
