// SPDX-License-Identifier: Apache-2.0
//
// The real QEMU of this machine, asked.
#include <catch2/catch.hpp>
#include <chrono>

#include "runtime/base/io.h"
#include "runtime/hypervisor/qemu_probe.h"
#include "tests/support/require.h"

using namespace kata;
using namespace kata::hypervisor;

TEST_CASE(
    "the QEMU that is installed tells its machines and devices, the second time from the cache",
    "[probe]") {
  test::require_program("qemu-system-x86_64");
  const TempDir dir;
  RealCommandRunner runner;
  ProbeOptions options;
  options.cache_dir = dir.path();
  const HostProbe first = probe_host(runner, options);
  CHECK(first.memory_mib > 0);
  CHECK_FALSE(first.qemu.path.empty());
  CHECK_FALSE(first.qemu.version.empty());
  CHECK_FALSE(first.qemu.machine_for("q35").empty());
  CHECK(first.qemu.has_device("virtio-net-pci"));
  CHECK(first.qemu.machine_options.at("q35").contains("smm"));

  class NoCommands final : public CommandRunner {
   public:
    CommandResult run(const Command& command) override {
      FAIL("ran " << printable(command));
      return {};
    }
    CommandResult run_lines(const Command& command,
                            const std::function<void(std::string_view)>&) override {
      return run(command);
    }
  } none;
  const HostProbe second = probe_host(none, options);
  CHECK(second.qemu.version == first.qemu.version);
  CHECK(second.qemu.devices == first.qemu.devices);
  CHECK(second.qemu.machine_options == first.qemu.machine_options);
  CHECK(second.tsc_khz == first.tsc_khz);
}
