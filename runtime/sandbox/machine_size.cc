// SPDX-License-Identifier: Apache-2.0
#include "runtime/sandbox/machine_size.h"

#include <algorithm>

namespace kata::sandbox {
namespace {

constexpr std::uint64_t kBytesPerMib = 1U << 20;
constexpr std::int64_t kMostVcpus = 1024;
constexpr std::uint64_t kMostMib = 1U << 22;

}  // namespace

MachineSize machine_size(const MachineSize& base, const grpc::LinuxResources& resources) {
  MachineSize size = base;
  const grpc::LinuxCPU& cpu = resources.cpu();
  if (cpu.quota() > 0 && cpu.period() > 0) {
    const auto period = static_cast<std::int64_t>(cpu.period());
    size.vcpus = std::max(size.vcpus, static_cast<std::uint32_t>(std::min<std::int64_t>(
                                          (cpu.quota() - 1) / period + 1, kMostVcpus)));
  }
  if (resources.memory().limit() > 0) {
    const auto limit = static_cast<std::uint64_t>(resources.memory().limit()) / kBytesPerMib;
    if (limit > base.memory_mib / 2)
      size.memory_mib += static_cast<std::uint32_t>(std::min<std::uint64_t>(limit, kMostMib));
  }
  return size;
}

}  // namespace kata::sandbox
