// SPDX-License-Identifier: Apache-2.0
#include "builder/pipeline/elf_links.h"

#include <elf.h>

#include <cstring>
#include <string_view>

#include "builder/pipeline/elf_record.h"
#include "runtime/base/error.h"

namespace kata::pipeline {
namespace {

constexpr std::uint64_t kMaxInterpreter = 4096;
constexpr std::uint64_t kMaxDynamic = 1U << 20;
constexpr std::uint64_t kMaxStrings = 64U << 20;
constexpr std::size_t kMaxName = 4096;

class LinkReader {
 public:
  LinkReader(const ReadAt& read, const std::string& name) : read_(read), name_(name) {}

  std::optional<ElfLinks> run() {
    const std::string head = read_(0, sizeof(Elf64_Ehdr));
    if (!is_elf_program(head) || head.size() < sizeof(Elf64_Ehdr) || head[EI_CLASS] != ELFCLASS64 ||
        head[EI_DATA] != ELFDATA2LSB)
      return std::nullopt;
    const auto header = record_at<Elf64_Ehdr>(head, 0);
    links_.machine = header.e_machine;
    read_segments(header);
    for (const Elf64_Phdr& segment : segments_) {
      if (segment.p_type == PT_INTERP) read_interpreter(segment);
      if (segment.p_type == PT_DYNAMIC) read_dynamic(segment);
    }
    return std::move(links_);
  }

 private:
  [[noreturn]] void damaged(const char* what) const {
    throw_error(Code::data_loss, "{}: the ELF file is damaged: {}", name_, what);
  }

  /// All of a part of the file.
  std::string bytes(std::uint64_t offset, std::uint64_t size, std::uint64_t limit,
                    const char* what) const {
    if (size > limit) damaged(what);
    std::string data = read_(offset, size);
    if (data.size() != size) damaged(what);
    return data;
  }

  void read_segments(const Elf64_Ehdr& header) {
    if (header.e_phnum == 0) return;
    if (header.e_phentsize != sizeof(Elf64_Phdr)) damaged("its segments have a strange size");
    const std::string table =
        bytes(header.e_phoff, std::uint64_t{header.e_phnum} * sizeof(Elf64_Phdr), kMaxStrings,
              "its table of segments is cut off");
    for (std::size_t at = 0; at < table.size(); at += sizeof(Elf64_Phdr))
      segments_.push_back(record_at<Elf64_Phdr>(table, at));
  }

  void read_interpreter(const Elf64_Phdr& segment) {
    const std::string text = bytes(segment.p_offset, segment.p_filesz, kMaxInterpreter,
                                   "its interpreter's name is cut off");
    links_.interpreter = text.substr(0, text.find('\0'));
    if (links_.interpreter.empty()) damaged("its interpreter has no name");
  }

  /// Where in the file the byte with this address is.
  [[nodiscard]] std::uint64_t offset_of(std::uint64_t address) const {
    for (const Elf64_Phdr& segment : segments_) {
      if (segment.p_type != PT_LOAD || address < segment.p_vaddr ||
          address - segment.p_vaddr >= segment.p_filesz)
        continue;
      return segment.p_offset + (address - segment.p_vaddr);
    }
    damaged("its names are at an address that is in none of its segments");
  }

  void read_dynamic(const Elf64_Phdr& segment) {
    const std::string table =
        bytes(segment.p_offset, segment.p_filesz, kMaxDynamic, "its dynamic section is cut off");
    std::uint64_t strings_at = 0;
    std::uint64_t strings_size = 0;
    std::vector<Elf64_Dyn> named;
    for (std::size_t at = 0; at + sizeof(Elf64_Dyn) <= table.size(); at += sizeof(Elf64_Dyn)) {
      const auto entry = record_at<Elf64_Dyn>(table, at);
      if (entry.d_tag == DT_NULL) break;
      if (entry.d_tag == DT_STRTAB) strings_at = entry.d_un.d_ptr;
      if (entry.d_tag == DT_STRSZ) strings_size = entry.d_un.d_val;
      if (entry.d_tag == DT_NEEDED || entry.d_tag == DT_SONAME || entry.d_tag == DT_RPATH ||
          entry.d_tag == DT_RUNPATH)
        named.push_back(entry);
    }
    if (named.empty()) return;
    const std::string strings =
        bytes(offset_of(strings_at), strings_size, kMaxStrings, "its table of names is cut off");
    for (const Elf64_Dyn& entry : named) take(entry, strings);
  }

  void take(const Elf64_Dyn& entry, const std::string& strings) {
    const std::uint64_t at = entry.d_un.d_val;
    if (at >= strings.size()) damaged("a name is outside its table of names");
    const std::size_t end = strings.find('\0', at);
    if (end == std::string::npos || end - at > kMaxName) damaged("a name has no end");
    std::string text = strings.substr(at, end - at);
    switch (entry.d_tag) {
      case DT_NEEDED:
        if (text.empty()) damaged("it needs a library without a name");
        links_.needed.push_back(std::move(text));
        break;
      case DT_SONAME:
        links_.soname = std::move(text);
        break;
      case DT_RPATH:
        links_.rpath = std::move(text);
        break;
      default:
        links_.runpath = std::move(text);
        break;
    }
  }

  const ReadAt& read_;
  const std::string& name_;
  std::vector<Elf64_Phdr> segments_;
  ElfLinks links_;
};

}  // namespace

bool is_elf_program(std::string_view head) noexcept {
  if (head.size() < kElfKindSize || !head.starts_with(std::string_view(ELFMAG, SELFMAG)))
    return false;
  // e_type is at the same place in every class; its byte order is the file's
  const bool big = head[EI_DATA] == ELFDATA2MSB;
  const auto byte = [&](std::size_t at) { return static_cast<unsigned char>(head[at]); };
  const unsigned type = big ? byte(17) + 256U * byte(16) : byte(16) + 256U * byte(17);
  return type == ET_EXEC || type == ET_DYN;
}

std::optional<ElfLinks> read_elf_links(const ReadAt& read, const std::string& name) {
  return LinkReader(read, name).run();
}

}  // namespace kata::pipeline
