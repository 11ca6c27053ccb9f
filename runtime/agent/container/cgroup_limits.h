// SPDX-License-Identifier: Apache-2.0
//
// Limits of config.json, which speak cgroup v1, as files of cgroup v2. The conversions are those of
// runc, so the same option has the same effect.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace grpc {
class LinuxResources;
}

namespace kata::agent {

/// cpu.shares (2-262144) -> cpu.weight (1-10000); 0 stays 0, "not set".
[[nodiscard]] std::uint64_t weight_from_shares(std::uint64_t shares);
/// blkio.weight (10-1000) -> io.weight (1-10000); 0 stays 0.
[[nodiscard]] std::uint64_t io_weight_from_blkio(std::uint64_t weight);
/// The value of memory.swap.max: v1 counts memory and swap together, v2 swap alone; "" when it is
/// not to be written. Throws Error(invalid_argument) when the sum is below the memory limit or
/// stands without one.
[[nodiscard]] std::string swap_max(std::int64_t memory_and_swap, std::int64_t memory);

/// File name and text, in the order in which they are to be written.
using LimitWrites = std::vector<std::pair<std::string, std::string>>;
/// Throws Error(invalid_argument) for what contradicts itself.
[[nodiscard]] LimitWrites limits_to_write(const grpc::LinuxResources& resources);
/// Writes them below `folder`; files of controllers that the kernel lacks are skipped with a
/// warning. Throws Error.
void write_limits(const std::string& folder, const grpc::LinuxResources& resources);

}  // namespace kata::agent
