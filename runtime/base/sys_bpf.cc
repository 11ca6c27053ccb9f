// SPDX-License-Identifier: Apache-2.0
#include "runtime/base/sys_bpf.h"

#include <linux/bpf.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>

#include "runtime/base/error.h"

namespace kata::sys {

UniqueFd load_device_program(std::span<const BpfInstruction> program) {
  static_assert(sizeof(BpfInstruction) == sizeof(bpf_insn));
  bpf_attr attributes{};
  attributes.prog_type = BPF_PROG_TYPE_CGROUP_DEVICE;
  attributes.insn_cnt = static_cast<std::uint32_t>(program.size());
  attributes.insns = reinterpret_cast<std::uintptr_t>(program.data());
  attributes.license = reinterpret_cast<std::uintptr_t>("Apache-2.0");
  const long fd = ::syscall(SYS_bpf, BPF_PROG_LOAD, &attributes, sizeof attributes);
  if (fd < 0) throw_errno(errno, "load a device program of {} instructions", program.size());
  return UniqueFd(static_cast<int>(fd));
}

void attach_device_program(int program, int cgroup) {
  bpf_attr attributes{};
  attributes.target_fd = static_cast<std::uint32_t>(cgroup);
  attributes.attach_bpf_fd = static_cast<std::uint32_t>(program);
  attributes.attach_type = BPF_CGROUP_DEVICE;
  attributes.attach_flags = BPF_F_ALLOW_MULTI;
  if (::syscall(SYS_bpf, BPF_PROG_ATTACH, &attributes, sizeof attributes) != 0) {
    throw_errno(errno, "attach a device program to a cgroup");
  }
}

void detach_device_program(int program, int cgroup) {
  bpf_attr attributes{};
  attributes.target_fd = static_cast<std::uint32_t>(cgroup);
  attributes.attach_bpf_fd = static_cast<std::uint32_t>(program);
  attributes.attach_type = BPF_CGROUP_DEVICE;
  if (::syscall(SYS_bpf, BPF_PROG_DETACH, &attributes, sizeof attributes) != 0) {
    throw_errno(errno, "detach a device program from a cgroup");
  }
}

}  // namespace kata::sys
