// SPDX-License-Identifier: Apache-2.0
//
// Processors and memory that the host added while the guest runs, seen through /sys; `root` stands
// before it in tests.
#pragma once

#include <cstdint>
#include <span>
#include <string>

namespace kata::agent {

struct OnlineResult {
  unsigned cpus = 0;  ///< that this call brought online
  unsigned memory_blocks = 0;
};

/// Brings online what is offline: at most `cpus` processors (0: all), and the memory unless
/// `cpu_only`. What the kernel refuses (for one that is on its way out) is logged. Throws Error.
OnlineResult online_all(unsigned cpus, bool cpu_only, const std::string& root = "");

/// Processors that are present and online.
[[nodiscard]] unsigned online_cpus(const std::string& root = "");

/// Size of a memory block; 0 when this kernel has no memory hotplug.
[[nodiscard]] std::uint64_t memory_block_size(const std::string& root = "");
[[nodiscard]] bool can_probe_memory(const std::string& root = "");
/// Tells the kernel of memory at these addresses. Throws Error.
void probe_memory(std::span<const std::uint64_t> addresses, const std::string& root = "");

}  // namespace kata::agent
