// SPDX-License-Identifier: Apache-2.0
//
// Device rules of config.json as a BPF program: cgroup v2 has no devices controller with files. The
// kernel calls the program for each mknod(2) and open(2) of a device node; see
// Documentation/admin-guide/cgroup-v2.rst, "Device controller".
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "runtime/base/sys_bpf.h"

namespace grpc {
class LinuxResources;
}

namespace kata::agent {

enum class DeviceType { any, block, character };

struct DeviceRule {
  bool allow = false;
  DeviceType type = DeviceType::any;
  std::int64_t major = -1;  ///< -1: any
  std::int64_t minor = -1;
  unsigned access = 0;  ///< of kDeviceMknod, kDeviceRead, kDeviceWrite
};

inline constexpr unsigned kDeviceMknod = 1;
inline constexpr unsigned kDeviceRead = 2;
inline constexpr unsigned kDeviceWrite = 4;

/// Whether the resources say anything about devices.
[[nodiscard]] bool has_device_rules(const grpc::LinuxResources& resources);
/// The spec's rules, then those of runc that every container gets: mknod of anything, and the
/// default devices. Throws Error(invalid_argument).
[[nodiscard]] std::vector<DeviceRule> device_rules(const grpc::LinuxResources& resources);
/// The last rule that fits decides, as in the files of cgroup v1; nothing fits: denied.
[[nodiscard]] std::vector<sys::BpfInstruction> make_device_program(
    std::span<const DeviceRule> rules);

}  // namespace kata::agent
