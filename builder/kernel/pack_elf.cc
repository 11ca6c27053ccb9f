// SPDX-License-Identifier: Apache-2.0
#include "builder/kernel/pack_elf.h"

#include <elf.h>

#include <algorithm>
#include <cstring>
#include <vector>

#include "runtime/base/error.h"

namespace kata::kernel {
namespace {

constexpr std::uint64_t kPage = 4096;

/// A segment of the new file, and where its bytes are in the old one.
struct Piece {
  Elf64_Phdr header{};
  std::uint64_t from = 0;
};

[[noreturn]] void throw_bad(std::string_view name, std::string_view what) {
  throw_error(Code::data_loss, "pack {}: {}", name, what);
}

template <typename Record>
std::vector<Record> read_table(std::string_view elf, std::uint64_t offset, std::size_t count,
                               std::size_t entry_size, std::string_view name) {
  if (count == 0 || entry_size != sizeof(Record) || offset > elf.size() ||
      count > (elf.size() - offset) / sizeof(Record)) {
    throw_bad(name, "its headers are missing or cut off");
  }
  std::vector<Record> table(count);
  std::memcpy(table.data(), elf.data() + offset, count * sizeof(Record));
  return table;
}

/// The loaded sections with bytes in the file inside `segment`, in the file's order.
std::vector<Elf64_Shdr> sections_of(const Elf64_Phdr& segment,
                                    const std::vector<Elf64_Shdr>& sections) {
  std::vector<Elf64_Shdr> inside;
  for (const Elf64_Shdr& section : sections) {
    if ((section.sh_flags & SHF_ALLOC) == 0 || section.sh_type == SHT_NOBITS ||
        section.sh_size == 0)
      continue;
    if (section.sh_offset >= segment.p_offset &&
        section.sh_offset + section.sh_size <= segment.p_offset + segment.p_filesz)
      inside.push_back(section);
  }
  std::sort(inside.begin(), inside.end(),
            [](const Elf64_Shdr& a, const Elf64_Shdr& b) { return a.sh_offset < b.sh_offset; });
  return inside;
}

/// `segment` cut where no section has bytes for a page or more.
std::vector<Piece> cut(const Elf64_Phdr& segment, const std::vector<Elf64_Shdr>& sections) {
  std::vector<Piece> pieces;
  const auto add = [&](std::uint64_t begin, std::uint64_t end) {
    Piece piece{.header = segment, .from = begin};
    piece.header.p_vaddr += begin - segment.p_offset;
    piece.header.p_paddr += begin - segment.p_offset;
    piece.header.p_filesz = piece.header.p_memsz = end - begin;
    pieces.push_back(piece);
  };
  std::uint64_t begin = segment.p_offset;
  std::uint64_t end = begin;
  for (const Elf64_Shdr& section : sections) {
    if (section.sh_offset >= end + kPage) {
      if (end > begin) add(begin, end);
      begin = section.sh_offset & ~(kPage - 1);
    }
    end = std::max(end, section.sh_offset + section.sh_size);
  }
  if (end > begin || pieces.empty()) add(begin, end);
  // What follows the file's bytes is zeros, .bss among them.
  Elf64_Phdr& last = pieces.back().header;
  last.p_memsz = segment.p_vaddr + segment.p_memsz - last.p_vaddr;
  return pieces;
}

}  // namespace

std::string packed_elf(std::string_view elf, std::string_view name) {
  Elf64_Ehdr header{};
  if (elf.size() < sizeof header) throw_bad(name, "it is no ELF file");
  std::memcpy(&header, elf.data(), sizeof header);
  if (std::memcmp(header.e_ident, ELFMAG, SELFMAG) != 0 || header.e_ident[EI_CLASS] != ELFCLASS64 ||
      header.e_ident[EI_DATA] != ELFDATA2LSB || header.e_type != ET_EXEC)
    throw_bad(name, "it is no 64-bit ELF executable");
  const auto segments =
      read_table<Elf64_Phdr>(elf, header.e_phoff, header.e_phnum, header.e_phentsize, name);
  const auto sections =
      read_table<Elf64_Shdr>(elf, header.e_shoff, header.e_shnum, header.e_shentsize, name);

  std::vector<Piece> pieces;
  std::vector<Elf64_Phdr> views;  // of bytes that are loaded anyway: the notes
  for (const Elf64_Phdr& segment : segments) {
    if (segment.p_offset > elf.size() || segment.p_filesz > elf.size() - segment.p_offset)
      throw_bad(name, "a segment is cut off");
    if (segment.p_type != PT_LOAD) {
      views.push_back(segment);
      continue;
    }
    for (const Piece& piece : cut(segment, sections_of(segment, sections))) pieces.push_back(piece);
  }

  const std::size_t count = pieces.size() + views.size();
  std::string packed(sizeof header + count * sizeof(Elf64_Phdr), '\0');
  std::vector<Elf64_Phdr> table;
  for (Piece& piece : pieces) {
    // Congruent with the address, so that a loader may map it.
    const std::uint64_t page = (packed.size() + kPage - 1) & ~(kPage - 1);
    const std::uint64_t to = page + piece.header.p_vaddr % kPage;
    packed.resize(to);
    packed += elf.substr(piece.from, piece.header.p_filesz);
    piece.header.p_offset = to;
    piece.header.p_align = kPage;
    table.push_back(piece.header);
  }
  for (Elf64_Phdr view : views) {
    if (view.p_filesz == 0) {  // the marks of the GNU linker
      table.push_back(view);
      continue;
    }
    const auto holder = std::find_if(pieces.begin(), pieces.end(), [&](const Piece& piece) {
      return view.p_offset >= piece.from &&
             view.p_offset + view.p_filesz <= piece.from + piece.header.p_filesz;
    });
    if (holder == pieces.end()) throw_bad(name, "a segment is in no loaded one");
    view.p_offset = view.p_offset - holder->from + holder->header.p_offset;
    table.push_back(view);
  }
  header.e_phoff = sizeof header;
  header.e_phnum = static_cast<Elf64_Half>(count);
  header.e_shoff = 0;
  header.e_shnum = 0;
  header.e_shstrndx = SHN_UNDEF;
  std::memcpy(packed.data(), &header, sizeof header);
  std::memcpy(packed.data() + sizeof header, table.data(), count * sizeof(Elf64_Phdr));
  return packed;
}

}  // namespace kata::kernel
