// SPDX-License-Identifier: Apache-2.0
#include "runtime/sandbox/machine_size.h"

#include <catch2/catch.hpp>
#include <limits>
#include <utility>

using kata::sandbox::complete_cpu_limit;
using kata::sandbox::machine_size;
using kata::sandbox::MachineSize;

namespace {

constexpr MachineSize kBase{.vcpus = 1, .memory_mib = 2048};
constexpr std::uint64_t kHost = 24576;

grpc::LinuxResources resources(std::int64_t quota, std::uint64_t period, std::int64_t limit_mib) {
  grpc::LinuxResources value;
  value.mutable_cpu()->set_quota(quota);
  value.mutable_cpu()->set_period(period);
  value.mutable_memory()->set_limit(limit_mib > 0 ? limit_mib << 20 : limit_mib);
  return value;
}

}  // namespace

TEST_CASE("a machine has the processors that a quota is worth", "[sandbox]") {
  CHECK(machine_size(kBase, resources(50000, 100000, 0), kHost).vcpus == 1);
  CHECK(machine_size(kBase, resources(100000, 100000, 0), kHost).vcpus == 1);
  CHECK(machine_size(kBase, resources(100001, 100000, 0), kHost).vcpus == 2);
  CHECK(machine_size(kBase, resources(400000, 100000, 0), kHost).vcpus == 4);
  CHECK(machine_size(kBase, resources(-1, 100000, 0), kHost).vcpus == 1);
  CHECK(machine_size(kBase, resources(400000, 0, 0), kHost).vcpus == 4);  // the kernel's own period
  // no overflow, and no machine of a million processors
  const auto most = std::numeric_limits<std::int64_t>::max();
  CHECK(machine_size(kBase, resources(most, 1, 0), kHost).vcpus == 1024);
}

TEST_CASE("an update of half a processor limit keeps the other half", "[sandbox]") {
  const auto updated = [](std::int64_t quota, std::uint64_t period) {
    grpc::LinuxResources update = resources(quota, period, 0);
    complete_cpu_limit(update, resources(25000, 50000, 0));
    return std::pair(update.cpu().quota(), update.cpu().period());
  };
  CHECK(updated(10000, 0) == std::pair<std::int64_t, std::uint64_t>(10000, 50000));
  CHECK(updated(0, 20000) == std::pair<std::int64_t, std::uint64_t>(25000, 20000));
  CHECK(updated(-1, 0) == std::pair<std::int64_t, std::uint64_t>(-1, 50000));
  CHECK(updated(0, 0) == std::pair<std::int64_t, std::uint64_t>(0, 0));
}

TEST_CASE("a machine has a container's memory on top of the guest's own", "[sandbox]") {
  CHECK(machine_size(kBase, resources(0, 0, 512), kHost).memory_mib == 2048);
  CHECK(machine_size(kBase, resources(0, 0, 1024), kHost).memory_mib == 2048);
  CHECK(machine_size(kBase, resources(0, 0, 3072), kHost).memory_mib == 2048 + 3072);
  CHECK(machine_size(kBase, resources(0, 0, -1), kHost).memory_mib == 2048);
}

TEST_CASE("no limit makes a machine larger than the host", "[sandbox]") {
  CHECK(machine_size(kBase, resources(0, 0, 20000), kHost).memory_mib == 2048 + 20000);
  CHECK(machine_size(kBase, resources(0, 0, 24576), kHost).memory_mib == 24576);
  CHECK(machine_size(kBase, resources(0, 0, std::int64_t{1} << 40), kHost).memory_mib == 24576);
  // a configuration that asks for more than the host has is taken at its word
  CHECK(machine_size(kBase, resources(0, 0, 4096), 1024).memory_mib == 2048);
}
