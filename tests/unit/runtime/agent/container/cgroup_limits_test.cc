// SPDX-License-Identifier: Apache-2.0
#include "runtime/agent/container/cgroup_limits.h"

#include <catch2/catch.hpp>
#include <limits>

#include "agent.pb.h"
#include "runtime/agent/container/cgroup.h"
#include "runtime/agent/container/cgroup_stats.h"
#include "runtime/base/error.h"
#include "runtime/base/io.h"

using namespace kata;
using namespace kata::agent;

namespace {
std::string written(const grpc::LinuxResources& resources, const std::string& file) {
  std::string result;
  for (const auto& [name, text] : limits_to_write(resources)) {
    if (name == file) result += "[" + text + "]";
  }
  return result;
}
}  // namespace

TEST_CASE("v1 weights become v2 weights as runc converts them", "[cgroup]") {
  CHECK(weight_from_shares(0) == 0);
  CHECK(weight_from_shares(2) == 1);
  CHECK(weight_from_shares(1024) == 39);
  CHECK(weight_from_shares(262144) == 10000);
  CHECK(weight_from_shares(1ULL << 60) == 10000);
  CHECK(io_weight_from_blkio(10) == 1);
  CHECK(io_weight_from_blkio(500) == 4950);
  CHECK(io_weight_from_blkio(1000) == 10000);
}

TEST_CASE("the swap limit of v1 is split into memory and swap", "[cgroup]") {
  CHECK(swap_max(0, 100) == "");
  CHECK(swap_max(0, -1) == "max");
  CHECK(swap_max(-1, 100) == "max");
  CHECK(swap_max(300, 100) == "200");
  CHECK(swap_max(100, 100) == "0");
  CHECK_THROWS_AS(swap_max(50, 100), Error);
  CHECK_THROWS_AS(swap_max(50, 0), Error);
}

TEST_CASE("limits become file texts, and what is not set is not written", "[cgroup]") {
  grpc::LinuxResources resources;
  CHECK(limits_to_write(resources).empty());
  resources.mutable_memory()->set_limit(1 << 20);
  resources.mutable_memory()->set_reservation(4096);
  resources.mutable_cpu()->set_quota(50000);
  resources.mutable_pids()->set_limit(-1);
  auto* throttle = resources.mutable_block_io()->add_throttle_read_bps_device();
  throttle->set_major(8);
  throttle->set_rate(1000);
  (*resources.mutable_unified())["memory.high"] = "7";
  CHECK(written(resources, "memory.max") == "[1048576]");
  CHECK(written(resources, "memory.low") == "[4096]");
  CHECK(written(resources, "memory.swap.max").empty());
  CHECK(written(resources, "cpu.max") == "[50000]");
  resources.mutable_cpu()->set_period(20000);
  CHECK(written(resources, "cpu.max") == "[50000 20000]");
  resources.mutable_cpu()->set_quota(-1);
  CHECK(written(resources, "cpu.max") == "[max 20000]");
  CHECK(written(resources, "pids.max") == "[max]");
  CHECK(written(resources, "io.max") == "[8:0 rbps=1000]");
  CHECK(written(resources, "memory.high") == "[7]");
  (*resources.mutable_unified())["../cgroup.kill"] = "1";
  CHECK_THROWS_AS(limits_to_write(resources), Error);
}

TEST_CASE("a cgroup's place never leads above the root", "[cgroup]") {
  CHECK(cgroup_location("", "kata", "c1") == "/kata/c1");
  CHECK(cgroup_location("/docker/abc", "kata", "c1") == "/docker/abc");
  CHECK(cgroup_location("/../../etc", "kata", "c1") == "/etc");
  CHECK(cgroup_location("relative", "kata", "c1") == "/kata/c1");
  CHECK(cgroup_location("system.slice:docker:abc", "kata", "c1") ==
        "/system.slice/docker-abc.scope");
}

TEST_CASE("figures are read from the folder's files", "[cgroup]") {
  const TempDir folder;
  write_file(folder.path() + "/cpu.stat",
             "usage_usec 5\nuser_usec 3\nsystem_usec 2\nnr_throttled 4\n");
  write_file(folder.path() + "/memory.current", "4096\n");
  write_file(folder.path() + "/memory.max", "max\n");
  write_file(folder.path() + "/memory.events", "low 0\nmax 9\noom 1\noom_kill 2\n");
  write_file(folder.path() + "/io.stat",
             "8:16 rbytes=10 wbytes=20 rios=1 wios=2 dbytes=0 dios=0\n");
  const grpc::CgroupStats stats = read_cgroup_stats(folder.path());
  CHECK(stats.cpu_stats().cpu_usage().total_usage() == 5000);
  CHECK(stats.cpu_stats().throttling_data().throttled_periods() == 4);
  CHECK(stats.memory_stats().usage().usage() == 4096);
  CHECK(stats.memory_stats().usage().limit() == std::numeric_limits<std::uint64_t>::max());
  CHECK(stats.memory_stats().swap_usage().limit() == std::numeric_limits<std::uint64_t>::max());
  write_file(folder.path() + "/memory.max", "8192\n");
  write_file(folder.path() + "/memory.swap.max", "max\n");
  CHECK(read_cgroup_stats(folder.path()).memory_stats().swap_usage().limit() ==
        std::numeric_limits<std::uint64_t>::max());
  write_file(folder.path() + "/memory.swap.max", "100\n");
  CHECK(read_cgroup_stats(folder.path()).memory_stats().swap_usage().limit() == 8292);
  CHECK(stats.memory_stats().usage().failcnt() == 9);
  REQUIRE(stats.blkio_stats().io_service_bytes_recursive_size() == 2);
  CHECK(stats.blkio_stats().io_service_bytes_recursive(1).value() == 20);
  CHECK(stats.blkio_stats().io_service_bytes_recursive(1).minor() == 16);
}

TEST_CASE("a burst beyond the quota is its own file", "[cgroup]") {
  grpc::LinuxResources resources;
  resources.mutable_cpu()->set_quota(50000);
  CHECK(written(resources, "cpu.max.burst").empty());
  resources.mutable_cpu()->set_burst(20000);
  CHECK(written(resources, "cpu.max.burst") == "[20000]");
}

TEST_CASE("a limit below what is in use is refused when that is to be checked", "[cgroup]") {
  const TempDir cgroup;
  for (const char* file : {"memory.max", "memory.swap.max"})
    write_file(cgroup.path() + "/" + file, "max");
  write_file(cgroup.path() + "/memory.current", "4096\n");
  grpc::LinuxResources resources;
  resources.mutable_memory()->set_limit(4095);
  resources.mutable_memory()->set_check_before_update(true);
  CHECK_THROWS_WITH(write_limits(cgroup.path(), resources),
                    Catch::Contains("limit to 4095 (current usage: 4096)"));
  CHECK(read_file(cgroup.path() + "/memory.max") == "max");
  resources.mutable_memory()->set_limit(4096);
  write_limits(cgroup.path(), resources);
  CHECK(read_file(cgroup.path() + "/memory.max") == "4096");
}
