// SPDX-License-Identifier: Apache-2.0
#include "runtime/sandbox/host_limits.h"

#include <fmt/core.h>

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/base/error.h"
#include "runtime/base/fd.h"
#include "runtime/base/io.h"
#include "runtime/base/log.h"
#include "runtime/base/path.h"

namespace kata::sandbox {
namespace {

/// A value in the words of each kind of cgroup; the first file that is there gets it.
struct Limit {
  std::string what;
  struct Place {
    std::string file;
    std::string text;
  };
  std::vector<Place> places;
};

template <typename Devices>
void add_throttles(std::vector<Limit>& limits, const Devices& devices, std::string_view file,
                   std::string_view key) {
  for (const grpc::LinuxThrottleDevice& device : devices) {
    const std::string number = fmt::format("{}:{}", device.major(), device.minor());
    const std::string rate = device.rate() == 0 ? "max" : std::to_string(device.rate());
    limits.push_back({.what = fmt::format("{} of device {}", file, number),
                      .places = {{std::string("blkio.throttle.") + std::string(file),
                                  fmt::format("{} {}", number, device.rate())},
                                 {"io.max", fmt::format("{} {}={}", number, key, rate)}}});
  }
}

std::vector<Limit> limits_of(const grpc::LinuxResources& resources) {
  std::vector<Limit> limits;
  const grpc::LinuxCPU& cpu = resources.cpu();
  if (!cpu.cpus().empty()) limits.push_back({"processors", {{"cpuset.cpus", cpu.cpus()}}});
  if (!cpu.mems().empty()) limits.push_back({"memory nodes", {{"cpuset.mems", cpu.mems()}}});
  const grpc::LinuxBlockIO& io = resources.block_io();
  if (io.weight() != 0) {
    const std::string own = std::to_string(io.weight());
    limits.push_back({"block I/O weight",
                      {{"blkio.weight", own},
                       {"blkio.bfq.weight", own},
                       {"io.bfq.weight", own},
                       {"io.weight", fmt::format("default {}", io_weight(io.weight()))}}});
  }
  for (const grpc::LinuxWeightDevice& device : io.weight_device()) {
    const std::string number = fmt::format("{}:{}", device.major(), device.minor());
    limits.push_back({"block I/O weight of device " + number,
                      {{"blkio.weight_device", fmt::format("{} {}", number, device.weight())},
                       {"blkio.bfq.weight_device", fmt::format("{} {}", number, device.weight())},
                       {"io.weight", fmt::format("{} {}", number, io_weight(device.weight()))}}});
  }
  add_throttles(limits, io.throttle_read_bps_device(), "read_bps_device", "rbps");
  add_throttles(limits, io.throttle_write_bps_device(), "write_bps_device", "wbps");
  add_throttles(limits, io.throttle_read_iops_device(), "read_iops_device", "riops");
  add_throttles(limits, io.throttle_write_iops_device(), "write_iops_device", "wiops");
  return limits;
}

bool write_limit(const HostCgroup& cgroup, const Limit& limit) {
  for (const Limit::Place& place : limit.places) {
    for (const std::string& folder : cgroup.folders()) {
      const std::string file = join_path(folder, place.file);
      if (!path_exists(file)) continue;
      in_context([&] { write_kernel_file(file, place.text); }, "limit the virtual machine's {}",
                 limit.what);
      return true;
    }
  }
  return false;
}

}  // namespace

std::uint64_t io_weight(std::uint64_t weight) {
  return 1 + (std::clamp<std::uint64_t>(weight, 10, 1000) - 10) * 9999 / 990;
}

void apply_host_limits(const HostCgroup& cgroup, const grpc::LinuxResources& resources) {
  for (const Limit& limit : limits_of(resources)) {
    if (!write_limit(cgroup, limit))
      log::warn("limit not applied, the host has no cgroup controller for it limit=\"{}\"",
                limit.what);
  }
}

}  // namespace kata::sandbox
