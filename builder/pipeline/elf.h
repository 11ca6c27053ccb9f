// SPDX-License-Identifier: Apache-2.0
//
// The few facts of an ELF file that decide whether a guest can boot it or run it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace kata::pipeline {

struct ElfNote {
  std::string name;
  std::uint32_t type = 0;
  std::string description;
};

struct ElfFile {
  std::uint16_t machine = 0;
  bool is_executable = false;    ///< ET_EXEC or ET_DYN
  bool has_interpreter = false;  ///< needs a dynamic loader
  std::vector<ElfNote> notes;
};

/// Nothing when `path` is not a 64-bit little-endian ELF file. Throws Error when it cannot be read
/// or is cut off.
[[nodiscard]] std::optional<ElfFile> read_elf(const std::string& path);
/// The build id of the GNU note as hexadecimal digits; empty when there is none.
[[nodiscard]] std::string gnu_build_id(const ElfFile& elf);
/// Whether there is the note by which QEMU boots an ELF kernel directly (XEN_ELFNOTE_PHYS32_ENTRY,
/// the PVH boot ABI).
[[nodiscard]] bool has_pvh_entry(const ElfFile& elf);

}  // namespace kata::pipeline
