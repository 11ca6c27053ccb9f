// SPDX-License-Identifier: Apache-2.0
#include "runtime/agent/container/device_program.h"

#include <linux/bpf.h>

#include <catch2/catch.hpp>
#include <cstring>

#include "oci.pb.h"
#include "runtime/base/error.h"

using namespace kata;
using namespace kata::agent;

namespace {

/// Just enough of the kernel's interpreter for the instructions that the generator uses.
bool allowed(const std::vector<sys::BpfInstruction>& program, unsigned type, unsigned access,
             unsigned major, unsigned minor) {
  const std::uint32_t context[3] = {access << 16U | type, major, minor};
  std::uint64_t reg[11] = {};
  for (std::size_t at = 0; at < program.size(); ++at) {
    const sys::BpfInstruction& in = program[at];
    const unsigned to = in.registers & 0xfU;
    const unsigned from = in.registers >> 4U;
    const auto value = static_cast<std::uint64_t>(static_cast<std::int64_t>(in.immediate));
    switch (in.code) {
      case BPF_LDX | BPF_MEM | BPF_W:
        reg[to] = context[in.offset / 4];
        break;
      case BPF_ALU64 | BPF_MOV | BPF_X:
        reg[to] = reg[from];
        break;
      case BPF_ALU64 | BPF_MOV | BPF_K:
        reg[to] = value;
        break;
      case BPF_ALU64 | BPF_AND | BPF_K:
        reg[to] &= value;
        break;
      case BPF_ALU64 | BPF_RSH | BPF_K:
        reg[to] >>= value;
        break;
      case BPF_JMP | BPF_JNE | BPF_K:
        if (reg[to] != value) at += static_cast<std::size_t>(in.offset);
        break;
      case BPF_JMP | BPF_JEQ | BPF_K:
        if (reg[to] == value) at += static_cast<std::size_t>(in.offset);
        break;
      case BPF_JMP | BPF_EXIT:
        return reg[0] != 0;
      default:
        FAIL("unknown instruction " << int{in.code});
    }
  }
  FAIL("the program runs over its end");
  return false;
}

constexpr unsigned kBlock = BPF_DEVCG_DEV_BLOCK;
constexpr unsigned kChar = BPF_DEVCG_DEV_CHAR;

void add(grpc::LinuxResources& resources, bool allow, const char* type, std::int64_t major,
         std::int64_t minor, const char* access) {
  grpc::LinuxDeviceCgroup& rule = *resources.add_devices();
  rule.set_allow(allow);
  rule.set_type(type);
  if (major >= 0) rule.set_major(major);
  if (minor >= 0) rule.set_minor(minor);
  rule.set_access(access);
}

}  // namespace

TEST_CASE("without rules only the default devices open", "[devices]") {
  const auto program = make_device_program(device_rules({}));
  CHECK(allowed(program, kChar, kDeviceRead | kDeviceWrite, 1, 3));
  CHECK(allowed(program, kChar, kDeviceRead, 136, 7));
  CHECK(allowed(program, kBlock, kDeviceMknod, 8, 0));
  CHECK_FALSE(allowed(program, kBlock, kDeviceRead, 8, 0));
  CHECK_FALSE(allowed(program, kChar, kDeviceRead, 1, 1));
  CHECK_FALSE(allowed(program, kChar, kDeviceMknod | kDeviceRead, 1, 1));
}

TEST_CASE("the last device rule that fits decides", "[devices]") {
  grpc::LinuxResources resources;
  add(resources, false, "a", -1, -1, "rwm");
  add(resources, true, "b", 8, -1, "r");
  add(resources, false, "b", 8, 1, "r");
  const auto program = make_device_program(device_rules(resources));
  CHECK(allowed(program, kBlock, kDeviceRead, 8, 0));
  CHECK_FALSE(allowed(program, kBlock, kDeviceRead | kDeviceWrite, 8, 0));
  CHECK_FALSE(allowed(program, kBlock, kDeviceRead, 8, 1));
  CHECK_FALSE(allowed(program, kBlock, kDeviceRead, 9, 0));
  CHECK(allowed(program, kChar, kDeviceRead, 1, 9));
}

TEST_CASE("a privileged container opens everything", "[devices]") {
  grpc::LinuxResources resources;
  add(resources, true, "a", -1, -1, "rwm");
  const auto program = make_device_program(device_rules(resources));
  CHECK(allowed(program, kBlock, kDeviceRead | kDeviceWrite | kDeviceMknod, 259, 3));
}

TEST_CASE("device rules out of range are refused", "[devices]") {
  grpc::LinuxResources resources;
  add(resources, true, "c", 1LL << 40, 0, "r");
  CHECK_THROWS_AS(device_rules(resources), Error);
  resources.clear_devices();
  add(resources, true, "x", 1, 1, "r");
  CHECK_THROWS_AS(device_rules(resources), Error);
  resources.clear_devices();
  add(resources, true, "c", 1, 1, "rx");
  CHECK_THROWS_AS(device_rules(resources), Error);
}
