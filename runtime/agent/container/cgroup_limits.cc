// SPDX-License-Identifier: Apache-2.0
#include "runtime/agent/container/cgroup_limits.h"

#include <cerrno>
#include <charconv>

#include "oci.pb.h"
#include "runtime/base/error.h"
#include "runtime/base/io.h"
#include "runtime/base/log.h"
#include "runtime/base/path.h"

namespace kata::agent {
namespace {

/// -1 is "no limit", 0 is "not set".
std::string limit_text(std::int64_t value) {
  if (value == 0) return {};
  return value < 0 ? "max" : std::to_string(value);
}

void add(LimitWrites& writes, std::string file, std::string text) {
  if (!text.empty()) writes.emplace_back(std::move(file), std::move(text));
}

void add_memory(LimitWrites& writes, const grpc::LinuxMemory& memory) {
  // Swap first: a lower memory limit pushes pages out at once.
  add(writes, "memory.swap.max", swap_max(memory.swap(), memory.limit()));
  add(writes, "memory.max", limit_text(memory.limit()));
  add(writes, "memory.low", limit_text(memory.reservation()));
}

void add_cpu(LimitWrites& writes, const grpc::LinuxCPU& cpu) {
  if (cpu.has_idle()) add(writes, "cpu.idle", std::to_string(cpu.idle()));
  const bool idle = cpu.has_idle() && cpu.idle() == 1;  // an idle group has no weight to set
  if (const std::uint64_t weight = weight_from_shares(cpu.shares()); weight != 0 && !idle) {
    add(writes, "cpu.weight", std::to_string(weight));
  }
  if (cpu.quota() != 0 || cpu.period() != 0) {
    const std::string quota = cpu.quota() > 0 ? std::to_string(cpu.quota()) : "max";
    // without a period the kernel keeps the one that is set
    add(writes, "cpu.max", cpu.period() == 0 ? quota : fmt::format("{} {}", quota, cpu.period()));
  }
  if (cpu.has_burst()) add(writes, "cpu.max.burst", std::to_string(cpu.burst()));
  add(writes, "cpuset.cpus", cpu.cpus());
  add(writes, "cpuset.mems", cpu.mems());
}

template <typename Devices>
void add_throttles(LimitWrites& writes, const Devices& devices, std::string_view key) {
  for (const grpc::LinuxThrottleDevice& device : devices) {
    add(writes, "io.max",
        fmt::format("{}:{} {}={}", device.major(), device.minor(), key,
                    device.rate() == 0 ? "max" : std::to_string(device.rate())));
  }
}

void add_block_io(LimitWrites& writes, const grpc::LinuxBlockIO& io) {
  if (io.weight() != 0) {
    add(writes, "io.weight", fmt::format("default {}", io_weight_from_blkio(io.weight())));
  }
  for (const grpc::LinuxWeightDevice& device : io.weight_device()) {
    if (device.weight() == 0) continue;
    add(writes, "io.weight",
        fmt::format("{}:{} {}", device.major(), device.minor(),
                    io_weight_from_blkio(device.weight())));
  }
  add_throttles(writes, io.throttle_read_bps_device(), "rbps");
  add_throttles(writes, io.throttle_write_bps_device(), "wbps");
  add_throttles(writes, io.throttle_read_iops_device(), "riops");
  add_throttles(writes, io.throttle_write_iops_device(), "wiops");
}

void check_unified_name(const std::string& name) {
  if (name.empty() || name.find('/') != std::string::npos || name.starts_with('.') ||
      name.find('\0') != std::string::npos) {
    throw_error(Code::invalid_argument,
                "unified resource \"{}\" must be a file name without slashes", name);
  }
}

void check_memory_in_use(const std::string& folder, const grpc::LinuxMemory& memory) {
  if (!memory.check_before_update() || memory.limit() <= 0) return;
  const std::string used = read_line_of(join_path(folder, "memory.current"));
  std::int64_t bytes = 0;
  std::from_chars(used.data(), used.data() + used.size(), bytes);
  if (bytes <= memory.limit()) return;
  throw_error(Code::failed_precondition, "unable to set memory limit to {} (current usage: {})",
              memory.limit(), bytes);
}

}  // namespace

std::uint64_t weight_from_shares(std::uint64_t shares) {
  if (shares == 0) return 0;
  if (shares < 2) shares = 2;
  if (shares > 262144) shares = 262144;
  return 1 + (shares - 2) * 9999 / 262142;
}

std::uint64_t io_weight_from_blkio(std::uint64_t weight) {
  if (weight == 0) return 0;
  if (weight < 10) weight = 10;
  if (weight > 1000) weight = 1000;
  return 1 + (weight - 10) * 9999 / 990;
}

std::string swap_max(std::int64_t memory_and_swap, std::int64_t memory) {
  if (memory == -1 && memory_and_swap == 0)
    return "max";  // as v1: unlimited memory lifts the other limit too
  if (memory_and_swap == 0) return {};
  if (memory_and_swap < 0) return "max";
  if (memory <= 0) {
    throw_error(Code::invalid_argument, "a swap limit of {} needs a memory limit", memory_and_swap);
  }
  if (memory_and_swap < memory) {
    throw_error(Code::invalid_argument,
                "memory and swap together ({}) must not be below the memory limit ({})",
                memory_and_swap, memory);
  }
  return std::to_string(memory_and_swap - memory);
}

LimitWrites limits_to_write(const grpc::LinuxResources& resources) {
  LimitWrites writes;
  if (resources.has_memory()) add_memory(writes, resources.memory());
  if (resources.has_cpu()) add_cpu(writes, resources.cpu());
  if (resources.has_pids()) add(writes, "pids.max", limit_text(resources.pids().limit()));
  if (resources.has_block_io()) add_block_io(writes, resources.block_io());
  for (const grpc::LinuxHugepageLimit& limit : resources.hugepage_limits()) {
    check_unified_name(limit.pagesize());
    for (const char* what : {"max", "rsvd.max"}) {
      add(writes, fmt::format("hugetlb.{}.{}", limit.pagesize(), what),
          std::to_string(limit.limit()));
    }
  }
  for (const auto& [name, value] : resources.unified()) {
    check_unified_name(name);
    add(writes, name, value);
  }
  return writes;
}

void write_limits(const std::string& folder, const grpc::LinuxResources& resources) {
  check_memory_in_use(folder, resources.memory());
  for (const auto& [file, text] : limits_to_write(resources)) {
    try {
      write_kernel_file(join_path(folder, file), text);
    } catch (const Error& error) {
      // The host has checked the limits against its own CPUs and memory nodes; the guest may have
      // fewer.
      const bool foreign_set =
          file.starts_with("cpuset.") &&
          (error.err() == EINVAL || error.err() == ERANGE || error.err() == EACCES);
      // "unified" names files, and each must be there; see OCI runtime-spec, config-linux,
      // "Unified".
      const bool optional = error.err() == ENOENT && !resources.unified().contains(file);
      if (!optional && !foreign_set) throw;
      log::warn("limit not applied file={} value=\"{}\" reason=\"{}\"", file, text,
                errno_text(error.err()));
    }
  }
}

}  // namespace kata::agent
