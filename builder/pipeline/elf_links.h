// SPDX-License-Identifier: Apache-2.0
//
// What an ELF file asks the dynamic loader for. Files may be damaged or hostile: every offset and
// size in them is checked before it is used.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace kata::pipeline {

/// Reads `size` bytes of the file from `offset`; fewer where it ends.
using ReadAt = std::function<std::string(std::uint64_t offset, std::uint64_t size)>;

struct ElfLinks {
  std::uint16_t machine = 0;
  std::string interpreter;          ///< PT_INTERP; empty: static, or a library
  std::string soname;               ///< the name by which others need it
  std::vector<std::string> needed;  ///< DT_NEEDED, in order
  std::string rpath;                ///< DT_RPATH, folders with colons between
  std::string runpath;              ///< DT_RUNPATH
};

/// How many bytes tell what kind of file it is.
inline constexpr std::uint64_t kElfKindSize = 20;

/// Whether a file that begins with `head` (kElfKindSize bytes) is a program or a shared library
/// (ET_EXEC, ET_DYN), of any class. Relocatable files, as kernel modules are, are neither.
[[nodiscard]] bool is_elf_program(std::string_view head) noexcept;

/// Nothing when it is not a 64-bit little-endian program or library. `name` is for messages. Throws
/// Error(data_loss) when the file contradicts itself.
[[nodiscard]] std::optional<ElfLinks> read_elf_links(const ReadAt& read, const std::string& name);

}  // namespace kata::pipeline
