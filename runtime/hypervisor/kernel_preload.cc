// SPDX-License-Identifier: Apache-2.0
#include "runtime/hypervisor/kernel_preload.h"

#include <elf.h>
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <string_view>
#include <vector>

#include "runtime/base/error.h"
#include "runtime/base/sys_file.h"

namespace kata::hypervisor {
namespace {

constexpr std::uint64_t kPage = 4096;
/// Below are the firmware and its tables.
constexpr std::uint64_t kLowest = std::uint64_t{1} << 20;
/// Every machine type has memory at the address of its place in the file up to here.
constexpr std::uint64_t kHighest = std::uint64_t{2} << 30;
constexpr std::uint64_t kMostNotes = 1U << 16;
/// XEN_ELFNOTE_PHYS32_ENTRY of Xen's public/elfnote.h: where a kernel is entered in 32-bit mode
/// with a start_info, see the PVH boot ABI in Xen's docs/misc/pvh.pandoc.
constexpr std::uint32_t kEntryNote = 18;
constexpr std::string_view kNoteOwner("Xen\0", 4);

/// False at the end of the file.
bool read_at(int fd, std::uint64_t offset, void* to, std::size_t size) {
  auto* at = static_cast<char*>(to);
  while (size > 0) {
    const ssize_t count = ::pread(fd, at, size, static_cast<off_t>(offset));
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return false;
    at += count;
    offset += static_cast<std::uint64_t>(count);
    size -= static_cast<std::size_t>(count);
  }
  return true;
}

std::vector<Elf64_Phdr> program_headers(int fd) {
  Elf64_Ehdr header{};
  if (!read_at(fd, 0, &header, sizeof header)) return {};
  const bool is_ours = std::memcmp(header.e_ident, ELFMAG, SELFMAG) == 0 &&
                       header.e_ident[EI_CLASS] == ELFCLASS64 && header.e_machine == EM_X86_64 &&
                       header.e_phentsize == sizeof(Elf64_Phdr);
  if (!is_ours) return {};
  std::vector<Elf64_Phdr> headers(header.e_phnum);
  if (!read_at(fd, header.e_phoff, headers.data(), headers.size() * sizeof(Elf64_Phdr))) return {};
  return headers;
}

constexpr std::size_t padded(std::size_t size) { return (size + 3) & ~std::size_t{3}; }

/// 0: there is none.
std::uint32_t entry_in(std::string_view notes) {
  while (notes.size() >= sizeof(Elf64_Nhdr)) {
    Elf64_Nhdr note{};
    std::memcpy(&note, notes.data(), sizeof note);
    const std::size_t value = sizeof note + padded(note.n_namesz);
    const std::size_t size = value + padded(note.n_descsz);
    if (size > notes.size()) return 0;
    std::uint32_t entry = 0;
    if (note.n_type == kEntryNote && notes.substr(sizeof note, note.n_namesz) == kNoteOwner &&
        note.n_descsz >= sizeof entry) {
      std::memcpy(&entry, notes.data() + value, sizeof entry);
      return entry;
    }
    notes.remove_prefix(size);
  }
  return 0;
}

std::uint32_t pvh_entry(int fd, const std::vector<Elf64_Phdr>& headers) {
  for (const Elf64_Phdr& header : headers) {
    if (header.p_type != PT_NOTE || header.p_filesz > kMostNotes) continue;
    std::string notes(header.p_filesz, '\0');
    if (!read_at(fd, header.p_offset, notes.data(), notes.size())) continue;
    if (const std::uint32_t entry = entry_in(notes); entry != 0) return entry;
  }
  return 0;
}

bool fits(const Elf64_Phdr& segment, std::uint64_t memory_bytes) {
  const std::uint64_t end = std::min(memory_bytes, kHighest);
  return segment.p_paddr >= kLowest + kPage && segment.p_paddr < end &&
         segment.p_memsz <= end - segment.p_paddr && segment.p_filesz <= segment.p_memsz;
}

void copy(int from, std::uint64_t from_offset, int to, std::uint64_t to_offset, std::uint64_t size,
          const std::string& name) {
  auto source = static_cast<off64_t>(from_offset);
  auto target = static_cast<off64_t>(to_offset);
  while (size > 0) {
    const ssize_t count = ::copy_file_range(from, &source, to, &target, size, 0);
    if (count > 0) {
      size -= static_cast<std::uint64_t>(count);
      continue;
    }
    if (count < 0 && errno == EINTR) continue;
    // Older kernels copy within one file system only.
    std::string buffer(std::min<std::uint64_t>(size, 1U << 20), '\0');
    if (!read_at(from, static_cast<std::uint64_t>(source), buffer.data(), buffer.size()))
      throw_error(Code::data_loss, "read the guest's kernel {}: it is cut off", name);
    const ssize_t written = ::pwrite(to, buffer.data(), buffer.size(), target);
    if (written <= 0) throw_errno(errno, "put the guest's kernel into its memory");
    source += written;
    target += written;
    size -= static_cast<std::uint64_t>(written);
  }
}

template <typename Struct>
void append(std::string& bytes, const Struct& value) {
  bytes.append(reinterpret_cast<const char*>(&value), sizeof value);
}

/// One page of code at `address` that jumps to `target` and leaves all registers but EAX alone: EBX
/// has the start_info.
std::string entry_file(std::uint32_t address, std::uint32_t target) {
  std::string code = "\xb8";  // mov $target, %eax
  append(code, target);
  code += "\xff\xe0";  // jmp *%eax
  code.resize(8, '\0');
  std::string note;
  append(note, Elf64_Nhdr{.n_namesz = 4, .n_descsz = 8, .n_type = kEntryNote});
  note += kNoteOwner;
  append(note, std::uint64_t{address});

  constexpr std::uint64_t kCodeAt = sizeof(Elf64_Ehdr) + 2 * sizeof(Elf64_Phdr);
  Elf64_Ehdr header{};
  std::memcpy(header.e_ident, ELFMAG, SELFMAG);
  header.e_ident[EI_CLASS] = ELFCLASS64;
  header.e_ident[EI_DATA] = ELFDATA2LSB;
  header.e_ident[EI_VERSION] = EV_CURRENT;
  header.e_type = ET_EXEC;
  header.e_machine = EM_X86_64;
  header.e_version = EV_CURRENT;
  header.e_entry = address;
  header.e_phoff = sizeof header;
  header.e_ehsize = sizeof header;
  header.e_phentsize = sizeof(Elf64_Phdr);
  header.e_phnum = 2;
  Elf64_Phdr load{};
  load.p_type = PT_LOAD;
  load.p_flags = PF_R | PF_X;
  load.p_offset = kCodeAt;
  load.p_vaddr = load.p_paddr = address;
  load.p_filesz = load.p_memsz = code.size();
  load.p_align = 1;
  Elf64_Phdr notes{};
  notes.p_type = PT_NOTE;
  notes.p_flags = PF_R;
  notes.p_offset = kCodeAt + code.size();
  notes.p_filesz = notes.p_memsz = note.size();
  notes.p_align = 4;
  std::string file;
  append(file, header);
  append(file, load);
  append(file, notes);
  return file + code + note;
}

}  // namespace

std::optional<PreloadedKernel> preload_kernel(const std::string& kernel,
                                              std::uint64_t memory_bytes) {
  const UniqueFd file = open_file(kernel, O_RDONLY);
  const std::vector<Elf64_Phdr> headers = program_headers(file.get());
  const std::uint32_t entry = pvh_entry(file.get(), headers);
  if (entry == 0) return std::nullopt;
  std::uint64_t lowest = kHighest;
  for (const Elf64_Phdr& header : headers) {
    if (header.p_type != PT_LOAD) continue;
    if (!fits(header, memory_bytes)) return std::nullopt;
    lowest = std::min(lowest, header.p_paddr);
  }
  if (lowest == kHighest) return std::nullopt;

  PreloadedKernel result;
  result.memory = sys::make_empty_memory_file("guest-memory", memory_bytes);
  for (const Elf64_Phdr& header : headers) {
    if (header.p_type != PT_LOAD) continue;
    copy(file.get(), header.p_offset, result.memory.get(), header.p_paddr, header.p_filesz, kernel);
  }
  const auto below = static_cast<std::uint32_t>((lowest & ~(kPage - 1)) - kPage);
  result.entry = sys::make_memory_file("kernel-entry", entry_file(below, entry));
  return result;
}

}  // namespace kata::hypervisor
