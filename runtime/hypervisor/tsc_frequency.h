// SPDX-License-Identifier: Apache-2.0
//
// The frequency of the host's time stamp counter. QEMU's emulation hands the counter through, and a
// guest that is told its frequency need not calibrate it, which microvm cannot do at all. See
// kernel/README.md.
#pragma once

#include <cstdint>
#include <string>

namespace kata::hypervisor {

/// In kHz; measured once (20 ms) and kept in `cache_dir` for as long as the host runs. 0 where
/// there is no such counter.
[[nodiscard]] std::uint32_t host_tsc_khz(const std::string& cache_dir);

/// Measures it now.
[[nodiscard]] std::uint32_t measure_tsc_khz();

}  // namespace kata::hypervisor
