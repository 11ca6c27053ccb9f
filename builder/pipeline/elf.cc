// SPDX-License-Identifier: Apache-2.0
#include "builder/pipeline/elf.h"

#include <elf.h>
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <string_view>

#include "builder/pipeline/elf_record.h"
#include "runtime/base/error.h"
#include "runtime/base/fd.h"

namespace kata::pipeline {
namespace {

constexpr std::uint32_t kXenPhys32Entry = 18;
constexpr std::size_t kMaxNotes = 1U << 20;

std::string read_at(int fd, const std::string& path, std::size_t offset, std::size_t size) {
  std::string data(size, '\0');
  std::size_t used = 0;
  while (used < size) {
    const ssize_t count =
        ::pread(fd, data.data() + used, size - used, static_cast<off_t>(offset + used));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) throw_errno(errno, "read {}", path);
    if (count == 0) break;
    used += static_cast<std::size_t>(count);
  }
  data.resize(used);
  return data;
}

void read_notes(std::string_view data, std::vector<ElfNote>& notes) {
  const auto padded = [](std::size_t size) { return (size + 3) & ~std::size_t{3}; };
  std::size_t at = 0;
  while (at + sizeof(Elf64_Nhdr) <= data.size()) {
    const auto header = record_at<Elf64_Nhdr>(data, at);
    at += sizeof header;
    const std::size_t end = at + padded(header.n_namesz) + padded(header.n_descsz);
    if (end > data.size()) return;
    ElfNote note;
    note.type = header.n_type;
    note.name = std::string(data.substr(at, header.n_namesz));
    while (!note.name.empty() && note.name.back() == '\0') note.name.pop_back();
    note.description = std::string(data.substr(at + padded(header.n_namesz), header.n_descsz));
    notes.push_back(std::move(note));
    at = end;
  }
}

}  // namespace

std::optional<ElfFile> read_elf(const std::string& path) {
  const UniqueFd fd = open_file(path, O_RDONLY);
  const std::string head = read_at(fd.get(), path, 0, sizeof(Elf64_Ehdr));
  if (head.size() < sizeof(Elf64_Ehdr) || std::memcmp(head.data(), ELFMAG, SELFMAG) != 0 ||
      head[EI_CLASS] != ELFCLASS64 || head[EI_DATA] != ELFDATA2LSB) {
    return std::nullopt;
  }
  const auto header = record_at<Elf64_Ehdr>(head, 0);
  ElfFile elf;
  elf.machine = header.e_machine;
  elf.is_executable = header.e_type == ET_EXEC || header.e_type == ET_DYN;
  const std::size_t table_size = std::size_t{header.e_phnum} * sizeof(Elf64_Phdr);
  const std::string table = read_at(fd.get(), path, header.e_phoff, table_size);
  if (header.e_phnum > 0 &&
      (header.e_phentsize != sizeof(Elf64_Phdr) || table.size() != table_size)) {
    throw_error(Code::data_loss, "{}: the ELF file is cut off", path);
  }
  for (std::size_t i = 0; i < header.e_phnum; ++i) {
    const auto segment = record_at<Elf64_Phdr>(table, i * sizeof(Elf64_Phdr));
    if (segment.p_type == PT_INTERP) elf.has_interpreter = true;
    if (segment.p_type != PT_NOTE) continue;
    read_notes(read_at(fd.get(), path, segment.p_offset,
                       std::min<std::size_t>(segment.p_filesz, kMaxNotes)),
               elf.notes);
  }
  return elf;
}

std::string gnu_build_id(const ElfFile& elf) {
  std::string text;
  for (const ElfNote& note : elf.notes) {
    if (note.name != "GNU" || note.type != NT_GNU_BUILD_ID) continue;
    for (const char c : note.description)
      text += fmt::format("{:02x}", static_cast<unsigned char>(c));
  }
  return text;
}

bool has_pvh_entry(const ElfFile& elf) {
  return std::any_of(elf.notes.begin(), elf.notes.end(), [](const ElfNote& note) {
    return note.name == "Xen" && note.type == kXenPhys32Entry;
  });
}

}  // namespace kata::pipeline
