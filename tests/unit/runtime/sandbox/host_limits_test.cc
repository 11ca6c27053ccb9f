// SPDX-License-Identifier: Apache-2.0
#include "runtime/sandbox/host_limits.h"

#include <catch2/catch.hpp>

#include "runtime/base/io.h"

using namespace kata;
using namespace kata::sandbox;

namespace {

/// Folders in place of hierarchies, with files in place of the kernel's.
struct Host {
  Host() {
    make_directories(dir.path() + "/proc/self");
    write_file(dir.path() + "/proc/self/cgroup", "3:cpuset:/\n2:blkio:/\n0::/\n");
    for (const char* hierarchy : {"cpuset", "blkio", "unified"}) {
      make_directories(folder(hierarchy));
      write_file(dir.path() + "/" + hierarchy + "/cgroup.procs", "");
    }
  }
  [[nodiscard]] std::string folder(const std::string& hierarchy) const {
    return dir.path() + "/" + hierarchy + "/c1";
  }
  [[nodiscard]] HostCgroup cgroup() const {
    return HostCgroup::for_path("/c1", "c1", dir.path(), dir.path() + "/proc");
  }
  TempDir dir;
};

grpc::LinuxResources limits() {
  grpc::LinuxResources resources;
  resources.mutable_cpu()->set_cpus("0-1");
  grpc::LinuxBlockIO& io = *resources.mutable_block_io();
  io.set_weight(505);
  grpc::LinuxThrottleDevice& disk = *io.add_throttle_read_bps_device();
  disk.set_major(8);
  disk.set_minor(16);
  disk.set_rate(1048576);
  return resources;
}

}  // namespace

TEST_CASE("processors and disks are limited on the machine's cgroup, version 1", "[host_limits]") {
  const Host host;
  write_file(host.folder("cpuset") + "/cpuset.cpus", "");
  write_file(host.folder("blkio") + "/blkio.weight", "");
  write_file(host.folder("blkio") + "/blkio.throttle.read_bps_device", "");
  apply_host_limits(host.cgroup(), limits());
  CHECK(read_file(host.folder("cpuset") + "/cpuset.cpus") == "0-1");
  CHECK(read_file(host.folder("blkio") + "/blkio.weight") == "505");
  CHECK(read_file(host.folder("blkio") + "/blkio.throttle.read_bps_device") == "8:16 1048576");
}

TEST_CASE("processors and disks are limited on the machine's cgroup, version 2", "[host_limits]") {
  const Host host;
  for (const char* file : {"cpuset.cpus", "io.weight", "io.max"})
    write_file(host.folder("unified") + "/" + file, "");
  apply_host_limits(host.cgroup(), limits());
  CHECK(read_file(host.folder("unified") + "/cpuset.cpus") == "0-1");
  CHECK(read_file(host.folder("unified") + "/io.weight") == "default 5000");
  CHECK(read_file(host.folder("unified") + "/io.max") == "8:16 rbps=1048576");
}

TEST_CASE("a host without a controller is no error", "[host_limits]") {
  const Host host;
  CHECK_NOTHROW(apply_host_limits(host.cgroup(), limits()));
}
