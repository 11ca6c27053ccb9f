// SPDX-License-Identifier: Apache-2.0
//
// Programs and libraries as far as the dynamic loader looks at them.
#pragma once

#include <elf.h>

#include <cstring>
#include <string>
#include <utility>
#include <vector>

namespace kata::rootfs {

struct ElfParts {
  std::string interpreter{};
  std::vector<std::string> needed{};
  std::string soname{};
  std::string rpath{};
  std::string runpath{};
  std::uint16_t machine = EM_X86_64;
};

/// The file's bytes: header, segments, names, dynamic section.
inline std::string make_elf(const ElfParts& parts) {
  std::string names(1, '\0');
  std::vector<Elf64_Dyn> entries;
  const auto add = [&](std::int64_t tag, const std::string& text) {
    if (text.empty()) return;
    Elf64_Dyn entry{};
    entry.d_tag = tag;
    entry.d_un.d_val = names.size();
    entries.push_back(entry);
    names += text + '\0';
  };
  for (const std::string& name : parts.needed) add(DT_NEEDED, name);
  add(DT_SONAME, parts.soname);
  add(DT_RPATH, parts.rpath);
  add(DT_RUNPATH, parts.runpath);
  constexpr std::size_t kSegments = 3;
  const std::size_t interpreter_at = sizeof(Elf64_Ehdr) + kSegments * sizeof(Elf64_Phdr);
  const std::size_t names_at = interpreter_at + parts.interpreter.size() + 1;
  const std::size_t dynamic_at = names_at + names.size();
  for (const auto& [tag, value] : {std::pair<std::int64_t, std::uint64_t>{DT_STRTAB, names_at},
                                   {DT_STRSZ, names.size()},
                                   {DT_NULL, 0}}) {
    Elf64_Dyn entry{};
    entry.d_tag = tag;
    entry.d_un.d_val = value;
    entries.push_back(entry);
  }
  const std::size_t size = dynamic_at + entries.size() * sizeof(Elf64_Dyn);
  std::string file(size, '\0');
  Elf64_Ehdr header{};
  std::memcpy(header.e_ident, ELFMAG, SELFMAG);
  header.e_ident[EI_CLASS] = ELFCLASS64;
  header.e_ident[EI_DATA] = ELFDATA2LSB;
  header.e_type = ET_DYN;
  header.e_machine = parts.machine;
  header.e_phoff = sizeof header;
  header.e_phentsize = sizeof(Elf64_Phdr);
  header.e_phnum = kSegments;
  std::memcpy(file.data(), &header, sizeof header);
  Elf64_Phdr segments[kSegments]{};
  segments[0].p_type = PT_LOAD;
  segments[0].p_filesz = size;
  segments[1].p_type = parts.interpreter.empty() ? PT_NULL : PT_INTERP;
  segments[1].p_offset = interpreter_at;
  segments[1].p_filesz = parts.interpreter.size() + 1;
  segments[2].p_type = PT_DYNAMIC;
  segments[2].p_offset = dynamic_at;
  segments[2].p_filesz = entries.size() * sizeof(Elf64_Dyn);
  std::memcpy(file.data() + sizeof header, segments, sizeof segments);
  file.replace(interpreter_at, parts.interpreter.size(), parts.interpreter);
  file.replace(names_at, names.size(), names);
  std::memcpy(file.data() + dynamic_at, entries.data(), entries.size() * sizeof(Elf64_Dyn));
  return file;
}

}  // namespace kata::rootfs
