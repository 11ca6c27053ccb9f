// SPDX-License-Identifier: Apache-2.0
#include "builder/kernel/pack_elf.h"

#include <elf.h>

#include <catch2/catch.hpp>
#include <cstring>
#include <vector>

#include "runtime/base/error.h"

namespace {

using kata::kernel::packed_elf;

constexpr std::size_t kAlign = 0x200000;
constexpr std::uint64_t kBase = 0x1000000;

template <typename Record>
void put(std::string& file, std::size_t at, const Record& record) {
  if (file.size() < at + sizeof record) file.resize(at + sizeof record);
  std::memcpy(file.data() + at, &record, sizeof record);
}

Elf64_Shdr section(std::uint64_t address, std::uint64_t offset, std::uint64_t size,
                   Elf64_Word type = SHT_PROGBITS) {
  Elf64_Shdr header{};
  header.sh_type = type;
  header.sh_flags = SHF_ALLOC;
  header.sh_addr = address;
  header.sh_offset = offset;
  header.sh_size = size;
  return header;
}

/// As the kernel's linker script makes it: text, 1 MiB of nothing, rodata that ends with a note;
/// then .bss.
std::string aligned_image() {
  std::string file(kAlign, '\0');
  file += std::string(0x1800, 't');
  file.resize(kAlign + 0x100000);
  file += std::string(0x100, 'r') + "note";
  Elf64_Ehdr header{};
  std::memcpy(header.e_ident, ELFMAG, SELFMAG);
  header.e_ident[EI_CLASS] = ELFCLASS64;
  header.e_ident[EI_DATA] = ELFDATA2LSB;
  header.e_type = ET_EXEC;
  header.e_entry = kBase;
  header.e_phoff = sizeof header;
  header.e_phentsize = sizeof(Elf64_Phdr);
  header.e_phnum = 2;
  header.e_shoff = file.size();
  header.e_shentsize = sizeof(Elf64_Shdr);
  header.e_shnum = 3;
  Elf64_Phdr load{};
  load.p_type = PT_LOAD;
  load.p_offset = kAlign;
  load.p_vaddr = 0xffffffff80000000 + kBase;
  load.p_paddr = kBase;
  load.p_filesz = 0x100104;
  load.p_memsz = 0x180000;
  load.p_align = kAlign;
  Elf64_Phdr note{};
  note.p_type = PT_NOTE;
  note.p_offset = kAlign + 0x100100;
  note.p_paddr = kBase + 0x100100;
  note.p_filesz = note.p_memsz = 4;
  put(file, 0, header);
  put(file, sizeof header, load);
  put(file, sizeof header + sizeof load, note);
  const std::size_t at = file.size();
  put(file, at, section(load.p_vaddr, kAlign, 0x1800));
  put(file, at + sizeof(Elf64_Shdr), section(load.p_vaddr + 0x100000, kAlign + 0x100000, 0x104));
  put(file, at + 2 * sizeof(Elf64_Shdr),
      section(load.p_vaddr + 0x101000, kAlign + 0x100104, 0x7f000, SHT_NOBITS));
  return file;
}

std::vector<Elf64_Phdr> segments_of(const std::string& file) {
  Elf64_Ehdr header{};
  std::memcpy(&header, file.data(), sizeof header);
  std::vector<Elf64_Phdr> segments(header.e_phnum);
  std::memcpy(segments.data(), file.data() + header.e_phoff, header.e_phnum * sizeof segments[0]);
  return segments;
}

/// What a loader puts at `base`.
std::string loaded(const std::string& file, std::uint64_t base, std::size_t size) {
  std::string memory(size, '\0');
  for (const Elf64_Phdr& segment : segments_of(file)) {
    if (segment.p_type != PT_LOAD) continue;
    REQUIRE(segment.p_paddr - base + segment.p_memsz <= size);
    std::memcpy(memory.data() + (segment.p_paddr - base), file.data() + segment.p_offset,
                segment.p_filesz);
  }
  return memory;
}

}  // namespace

TEST_CASE("a packed image loads the same bytes from a smaller file", "[pack_elf]") {
  const std::string before = aligned_image();
  const std::string after = packed_elf(before, "vmlinux");
  CHECK(loaded(after, kBase, 0x180000) == loaded(before, kBase, 0x180000));
  CHECK(after.size() < 0x6000);
  const std::vector<Elf64_Phdr> segments = segments_of(after);
  REQUIRE(segments.size() == 3);
  CHECK(segments[0].p_memsz == 0x1800);
  CHECK(segments[1].p_vaddr == 0xffffffff80000000 + kBase + 0x100000);
  CHECK(segments[1].p_memsz == 0x80000);
  for (const Elf64_Phdr& segment : {segments[0], segments[1]})
    CHECK(segment.p_offset % 4096 == segment.p_vaddr % 4096);
}

TEST_CASE("a packed image keeps its entry and its notes", "[pack_elf]") {
  const std::string after = packed_elf(aligned_image(), "vmlinux");
  Elf64_Ehdr header{};
  std::memcpy(&header, after.data(), sizeof header);
  CHECK(header.e_entry == kBase);
  const Elf64_Phdr note = segments_of(after).back();
  REQUIRE(note.p_type == PT_NOTE);
  CHECK(after.substr(note.p_offset, note.p_filesz) == "note");
}

TEST_CASE("what cannot be packed is an error, not half an image", "[pack_elf]") {
  const std::string whole = aligned_image();
  CHECK_THROWS_AS(packed_elf("#!/bin/sh\n", "vmlinux"), kata::Error);
  CHECK_THROWS_AS(packed_elf("", "vmlinux"), kata::Error);
  // The section headers are at the end, so each cut loses some of what is needed.
  for (const std::size_t size : {std::size_t{64}, std::size_t{200}, kAlign, whole.size() - 1})
    CHECK_THROWS_AS(packed_elf(std::string_view(whole).substr(0, size), "vmlinux"), kata::Error);
}
