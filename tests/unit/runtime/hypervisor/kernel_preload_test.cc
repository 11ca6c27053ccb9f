// SPDX-License-Identifier: Apache-2.0
#include "runtime/hypervisor/kernel_preload.h"

#include <elf.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <cstring>

#include "runtime/base/error.h"
#include "runtime/base/io.h"
#include "runtime/base/sys_file.h"

using namespace kata;
using namespace kata::hypervisor;

namespace {

constexpr std::uint64_t kMemory = 64U << 20;
constexpr std::uint64_t kAddress = 16U << 20;

struct Kernel {
  std::uint64_t address = kAddress;
  std::uint64_t memory_size = 8192;
  std::uint32_t note_type = 18;
  std::uint16_t machine = EM_X86_64;
};

/// A kernel of one segment, "the kernel", entered at 0x1000123.
std::string elf_of(const Kernel& kernel) {
  const std::string text = "the kernel";
  std::string note("\x04\0\0\0\x08\0\0\0", 8);
  note.append(reinterpret_cast<const char*>(&kernel.note_type), 4);
  note.append("Xen\0\x23\x01\0\x01\0\0\0\0", 12);
  Elf64_Ehdr header{};
  std::memcpy(header.e_ident, ELFMAG, SELFMAG);
  header.e_ident[EI_CLASS] = ELFCLASS64;
  header.e_machine = kernel.machine;
  header.e_phoff = sizeof header;
  header.e_phentsize = sizeof(Elf64_Phdr);
  header.e_phnum = 2;
  Elf64_Phdr load{};
  load.p_type = PT_LOAD;
  load.p_offset = sizeof header + 2 * sizeof load;
  load.p_paddr = kernel.address;
  load.p_filesz = text.size();
  load.p_memsz = kernel.memory_size;
  Elf64_Phdr notes{};
  notes.p_type = PT_NOTE;
  notes.p_offset = load.p_offset + text.size();
  notes.p_filesz = note.size();
  std::string file(reinterpret_cast<const char*>(&header), sizeof header);
  file.append(reinterpret_cast<const char*>(&load), sizeof load);
  file.append(reinterpret_cast<const char*>(&notes), sizeof notes);
  return file + text + note;
}

struct Preload {
  std::optional<PreloadedKernel> operator()(const std::string& bytes) const {
    write_file(dir.path() + "/vmlinux", bytes);
    return preload_kernel(dir.path() + "/vmlinux", kMemory);
  }
  TempDir dir;
};

std::string bytes_at(const UniqueFd& file, std::uint64_t offset, std::size_t size) {
  std::string bytes(size, '?');
  REQUIRE(::pread(file.get(), bytes.data(), size, static_cast<off_t>(offset)) ==
          static_cast<ssize_t>(size));
  return bytes;
}

}  // namespace

TEST_CASE("a kernel is put where it wants to be in the guest's memory", "[preload]") {
  const Preload preload;
  const auto kernel = preload(elf_of({}));
  REQUIRE(kernel);
  CHECK(sys::stat_of(kernel->memory.get()).st_size == static_cast<off_t>(kMemory));
  CHECK(bytes_at(kernel->memory, kAddress, 12) == std::string("the kernel\0\0", 12));
  // No more than it has: the rest of the memory takes none of the host's.
  CHECK(sys::stat_of(kernel->memory.get()).st_blocks * 512 <= 8192);
}

TEST_CASE("the file for QEMU jumps to the kernel's entry from the page below it", "[preload]") {
  const Preload preload;
  const auto kernel = preload(elf_of({}));
  REQUIRE(kernel);
  Elf64_Ehdr header{};
  Elf64_Phdr headers[2]{};
  REQUIRE(::pread(kernel->entry.get(), &header, sizeof header, 0) == sizeof header);
  REQUIRE(header.e_phnum == 2);
  REQUIRE(::pread(kernel->entry.get(), headers, sizeof headers,
                  static_cast<off_t>(header.e_phoff)) == sizeof headers);
  CHECK(headers[0].p_paddr == kAddress - 4096);
  const std::string code = bytes_at(kernel->entry, headers[0].p_offset, 7);
  CHECK(code == std::string("\xb8\x23\x01\0\x01\xff\xe0", 7));
  const std::string note = bytes_at(kernel->entry, headers[1].p_offset, headers[1].p_filesz);
  CHECK(note.substr(12, 8) == std::string("Xen\0\0\xf0\xff\0", 8));
}

TEST_CASE("a kernel that memory cannot simply hold is left to QEMU", "[preload]") {
  const Preload preload;
  CHECK_FALSE(
      preload("\x7f"
              "ELF"));
  CHECK_FALSE(preload("MZ, a bzImage"));
  CHECK_FALSE(preload(elf_of({.note_type = 1})));
  CHECK_FALSE(preload(elf_of({.machine = EM_AARCH64})));
  CHECK_FALSE(preload(elf_of({.address = 4096})));
  CHECK_FALSE(preload(elf_of({.address = kMemory - 4096})));
  CHECK_FALSE(preload(elf_of({.memory_size = ~std::uint64_t{0}})));
  CHECK_FALSE(preload(elf_of({.memory_size = 1})));
  std::string cut = elf_of({});
  cut.resize(sizeof(Elf64_Ehdr) + 10);
  CHECK_FALSE(preload(cut));
}

TEST_CASE("a kernel whose file is cut off is an error", "[preload]") {
  const Preload preload;
  std::string bytes = elf_of({});
  Elf64_Phdr load{};
  std::memcpy(&load, bytes.data() + sizeof(Elf64_Ehdr), sizeof load);
  load.p_filesz = load.p_memsz = 100000;
  std::memcpy(bytes.data() + sizeof(Elf64_Ehdr), &load, sizeof load);
  CHECK_THROWS_AS(preload(bytes), Error);
}
