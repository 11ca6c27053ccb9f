// SPDX-License-Identifier: Apache-2.0
//
// The part of bpf(2) that device rules of a cgroup need: thin, typed, throwing.
#pragma once

#include <cstdint>
#include <span>

#include "runtime/base/fd.h"

namespace kata::sys {

/// One instruction as the kernel reads it (struct bpf_insn).
struct BpfInstruction {
  std::uint8_t code;
  std::uint8_t registers;  ///< destination in the low four bits, source in the high four
  std::int16_t offset;
  std::int32_t immediate;
};

/// Loads a program of type BPF_PROG_TYPE_CGROUP_DEVICE. Throws Error (ENOSYS or EINVAL: not in this
/// kernel).
[[nodiscard]] UniqueFd load_device_program(std::span<const BpfInstruction> program);
/// Attaches it to a cgroup folder beside what is attached already: a device must pass all. Throws
/// Error.
void attach_device_program(int program, int cgroup);
/// Throws Error.
void detach_device_program(int program, int cgroup);

}  // namespace kata::sys
