// SPDX-License-Identifier: Apache-2.0
#include "builder/boot/probe_program.h"

#include <elf.h>

#include <string_view>

namespace kata::boot {
namespace {

using namespace std::string_view_literals;

// uname(2) into the stack, write(2) of its field `release` and a newline, exit(2).
constexpr std::string_view kCode =
    "\x48\x81\xec\x90\x01\x00\x00"      // sub    $400,%rsp
    "\x48\x89\xe7"                      // mov    %rsp,%rdi
    "\xb8\x3f\x00\x00\x00"              // mov    $63,%eax
    "\x0f\x05"                          // syscall
    "\x48\x8d\xb4\x24\x82\x00\x00\x00"  // lea    130(%rsp),%rsi
    "\x31\xd2"                          // xor    %edx,%edx
    "\x80\x3c\x16\x00"                  // cmpb   $0,(%rsi,%rdx)
    "\x74\x04"                          // je     over the next two
    "\xff\xc2"                          // inc    %edx
    "\xeb\xf6"                          // jmp    back to cmpb
    "\xc6\x04\x16\x0a"                  // movb   $10,(%rsi,%rdx)
    "\xff\xc2"                          // inc    %edx
    "\xbf\x01\x00\x00\x00"              // mov    $1,%edi
    "\xb8\x01\x00\x00\x00"              // mov    $1,%eax
    "\x0f\x05"                          // syscall
    "\x31\xff"                          // xor    %edi,%edi
    "\xb8\x3c\x00\x00\x00"              // mov    $60,%eax
    "\x0f\x05"sv;                       // syscall

template <typename Header>
std::string_view bytes_of(const Header& header) {
  return {reinterpret_cast<const char*>(&header), sizeof header};
}

}  // namespace

std::string probe_program() {
  constexpr std::uint64_t kAddress = 0x400000;
  constexpr std::uint64_t kHeaders = sizeof(Elf64_Ehdr) + sizeof(Elf64_Phdr);
  Elf64_Ehdr header{};
  ("\x7f"
   "ELF"sv)
      .copy(reinterpret_cast<char*>(header.e_ident), SELFMAG);
  header.e_ident[EI_CLASS] = ELFCLASS64;
  header.e_ident[EI_DATA] = ELFDATA2LSB;
  header.e_ident[EI_VERSION] = EV_CURRENT;
  header.e_type = ET_EXEC;
  header.e_machine = EM_X86_64;
  header.e_version = EV_CURRENT;
  header.e_entry = kAddress + kHeaders;
  header.e_phoff = sizeof header;
  header.e_ehsize = sizeof header;
  header.e_phentsize = sizeof(Elf64_Phdr);
  header.e_phnum = 1;
  Elf64_Phdr segment{};
  segment.p_type = PT_LOAD;
  segment.p_flags = PF_R | PF_X;
  segment.p_vaddr = segment.p_paddr = kAddress;
  segment.p_filesz = segment.p_memsz = kHeaders + kCode.size();
  segment.p_align = 4096;
  std::string program(bytes_of(header));
  program += bytes_of(segment);
  program += kCode;
  return program;
}

}  // namespace kata::boot
