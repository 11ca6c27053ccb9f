// SPDX-License-Identifier: Apache-2.0
#include "runtime/agent/container/device_program.h"

#include <linux/bpf.h>

#include <limits>
#include <string>

#include "oci.pb.h"
#include "runtime/base/error.h"

namespace kata::agent {
namespace {

using sys::BpfInstruction;

// Registers of the program; R1 comes in with struct bpf_cgroup_dev_ctx.
constexpr unsigned kType = BPF_REG_2;
constexpr unsigned kAccess = BPF_REG_3;
constexpr unsigned kMajor = BPF_REG_4;
constexpr unsigned kMinor = BPF_REG_5;
constexpr unsigned kScratch = BPF_REG_6;

BpfInstruction instruction(int code, unsigned destination, unsigned source, int offset,
                           std::int32_t immediate) {
  return {.code = static_cast<std::uint8_t>(code),
          .registers = static_cast<std::uint8_t>(destination | source << 4U),
          .offset = static_cast<std::int16_t>(offset),
          .immediate = immediate};
}

BpfInstruction load_word(unsigned destination, int offset) {
  return instruction(BPF_LDX | BPF_MEM | BPF_W, destination, BPF_REG_1, offset, 0);
}

void append_verdict(std::vector<BpfInstruction>& program, bool allow) {
  program.push_back(instruction(BPF_ALU64 | BPF_MOV | BPF_K, BPF_REG_0, 0, 0, allow ? 1 : 0));
  program.push_back(instruction(BPF_JMP | BPF_EXIT, 0, 0, 0, 0));
}

/// Conditions that jump over the verdict when the rule does not fit; the offsets are filled in at
/// the end.
void append_rule(std::vector<BpfInstruction>& program, const DeviceRule& rule) {
  std::vector<BpfInstruction> body;
  const auto skip_unless_equal = [&](unsigned reg, std::int64_t value) {
    body.push_back(
        instruction(BPF_JMP | BPF_JNE | BPF_K, reg, 0, 0, static_cast<std::int32_t>(value)));
  };
  if (rule.type == DeviceType::block) skip_unless_equal(kType, BPF_DEVCG_DEV_BLOCK);
  if (rule.type == DeviceType::character) skip_unless_equal(kType, BPF_DEVCG_DEV_CHAR);
  constexpr unsigned kAll = kDeviceMknod | kDeviceRead | kDeviceWrite;
  if ((rule.access & kAll) != kAll) {
    // An allow must cover all that is asked; a deny hits when any of it is asked.
    const unsigned mask = rule.allow ? ~rule.access & kAll : rule.access;
    body.push_back(instruction(BPF_ALU64 | BPF_MOV | BPF_X, kScratch, kAccess, 0, 0));
    body.push_back(
        instruction(BPF_ALU64 | BPF_AND | BPF_K, kScratch, 0, 0, static_cast<std::int32_t>(mask)));
    const int jump = rule.allow ? BPF_JNE : BPF_JEQ;
    body.push_back(instruction(BPF_JMP | jump | BPF_K, kScratch, 0, 0, 0));
  }
  if (rule.major >= 0) skip_unless_equal(kMajor, rule.major);
  if (rule.minor >= 0) skip_unless_equal(kMinor, rule.minor);
  append_verdict(body, rule.allow);
  for (std::size_t i = 0; i < body.size(); ++i) {
    const int operation = body[i].code & 0xf0;
    const bool is_jump = (body[i].code & 0x07) == BPF_JMP && operation != BPF_EXIT;
    if (is_jump) body[i].offset = static_cast<std::int16_t>(body.size() - i - 1);
  }
  program.insert(program.end(), body.begin(), body.end());
}

unsigned parse_access(const std::string& text) {
  unsigned access = 0;
  for (const char c : text) {
    if (c == 'm')
      access |= kDeviceMknod;
    else if (c == 'r')
      access |= kDeviceRead;
    else if (c == 'w')
      access |= kDeviceWrite;
    else
      throw_error(Code::invalid_argument, "device rule: access \"{}\" is not of \"rwm\"", text);
  }
  return access;
}

DeviceRule parse_rule(const grpc::LinuxDeviceCgroup& rule) {
  DeviceRule result;
  result.allow = rule.allow();
  result.access = parse_access(rule.access().empty() ? "rwm" : rule.access());
  if (rule.type() == "c" || rule.type() == "u") {
    result.type = DeviceType::character;
  } else if (rule.type() == "b") {
    result.type = DeviceType::block;
  } else if (!rule.type().empty() && rule.type() != "a") {
    throw_error(Code::invalid_argument, "device rule: unknown type \"{}\"", rule.type());
  }
  if (rule.has_major()) result.major = rule.major();
  if (rule.has_minor()) result.minor = rule.minor();
  constexpr std::int64_t kMost = std::numeric_limits<std::int32_t>::max();
  if (result.major < -1 || result.major > kMost || result.minor < -1 || result.minor > kMost) {
    throw_error(Code::invalid_argument, "device rule: number {}:{} out of range", result.major,
                result.minor);
  }
  return result;
}

}  // namespace

bool has_device_rules(const grpc::LinuxResources& resources) {
  return resources.devices_size() != 0;
}

std::vector<DeviceRule> device_rules(const grpc::LinuxResources& resources) {
  constexpr unsigned kAll = kDeviceMknod | kDeviceRead | kDeviceWrite;
  std::vector<DeviceRule> rules;
  for (const grpc::LinuxDeviceCgroup& rule : resources.devices()) {
    if (!rule.access().empty() || rule.type() == "a" || rule.type().empty())
      rules.push_back(parse_rule(rule));
  }
  const auto allow = [&](DeviceType type, std::int64_t major, std::int64_t minor, unsigned access) {
    rules.push_back(
        {.allow = true, .type = type, .major = major, .minor = minor, .access = access});
  };
  allow(DeviceType::character, -1, -1, kDeviceMknod);
  allow(DeviceType::block, -1, -1, kDeviceMknod);
  for (const std::int64_t minor : {3, 5, 7, 8, 9}) {  // null zero full random urandom
    allow(DeviceType::character, 1, minor, kAll);
  }
  for (const std::int64_t minor : {0, 1, 2})
    allow(DeviceType::character, 5, minor, kAll);  // tty console ptmx
  allow(DeviceType::character, 136, -1, kAll);     // pts
  return rules;
}

std::vector<BpfInstruction> make_device_program(std::span<const DeviceRule> rules) {
  constexpr int kMajorOffset = 4;  // offsetof(bpf_cgroup_dev_ctx, major)
  constexpr int kMinorOffset = 8;
  std::vector<BpfInstruction> program = {
      load_word(kType, 0),  // (access << 16) | type
      instruction(BPF_ALU64 | BPF_MOV | BPF_X, kAccess, kType, 0, 0),
      instruction(BPF_ALU64 | BPF_AND | BPF_K, kType, 0, 0, 0xffff),
      instruction(BPF_ALU64 | BPF_RSH | BPF_K, kAccess, 0, 0, 16),
      load_word(kMajor, kMajorOffset),
      load_word(kMinor, kMinorOffset),
  };
  // From the last to the first, and no further than one that decides everything: the verifier
  // refuses dead code.
  for (auto rule = rules.rbegin(); rule != rules.rend(); ++rule) {
    append_rule(program, *rule);
    const bool decides_all = rule->type == DeviceType::any && rule->major < 0 && rule->minor < 0 &&
                             rule->access == (kDeviceMknod | kDeviceRead | kDeviceWrite);
    if (decides_all) return program;
  }
  append_verdict(program, false);
  return program;
}

}  // namespace kata::agent
