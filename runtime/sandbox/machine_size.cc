// SPDX-License-Identifier: Apache-2.0
#include "runtime/sandbox/machine_size.h"

#include <algorithm>

namespace kata::sandbox {
namespace {

constexpr std::uint64_t kBytesPerMib = 1U << 20;
constexpr std::int64_t kMostVcpus = 1024;
constexpr std::int64_t kDefaultPeriod =
    100000;  // microseconds; see Documentation/cgroup-v2, cpu.max
constexpr std::uint64_t kLongestPeriod = 1000000;
constexpr std::uint64_t kMostMib = 1U << 22;

}  // namespace

MachineSize machine_size(const MachineSize& base, const grpc::LinuxResources& resources,
                         std::uint64_t host_mib) {
  MachineSize size = base;
  const grpc::LinuxCPU& cpu = resources.cpu();
  if (cpu.quota() > 0) {
    const auto period = cpu.period() == 0
                            ? kDefaultPeriod
                            : static_cast<std::int64_t>(std::min(cpu.period(), kLongestPeriod));
    size.vcpus = std::max(size.vcpus, static_cast<std::uint32_t>(std::min<std::int64_t>(
                                          (cpu.quota() - 1) / period + 1, kMostVcpus)));
  }
  if (resources.memory().limit() > 0) {
    const auto limit = static_cast<std::uint64_t>(resources.memory().limit()) / kBytesPerMib;
    if (limit > base.memory_mib / 2) {
      const std::uint64_t most = std::max<std::uint64_t>(host_mib, base.memory_mib);
      size.memory_mib = static_cast<std::uint32_t>(
          std::min({base.memory_mib + std::min(limit, kMostMib), most, kMostMib}));
    }
  }
  return size;
}

void complete_cpu_limit(grpc::LinuxResources& update, const grpc::LinuxResources& kept) {
  if (update.cpu().quota() == 0 && update.cpu().period() == 0) return;
  grpc::LinuxCPU& cpu = *update.mutable_cpu();
  if (cpu.quota() == 0) cpu.set_quota(kept.cpu().quota());
  if (cpu.period() == 0) cpu.set_period(kept.cpu().period());
}

}  // namespace kata::sandbox
