// SPDX-License-Identifier: Apache-2.0
#include "runtime/hypervisor/qemu_probe.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <catch2/catch.hpp>

#include "runtime/base/error.h"
#include "runtime/base/io.h"
#include "runtime/hypervisor/qemu_probe_cache.h"
#include "runtime/hypervisor/tsc_frequency.h"

using namespace kata;
using namespace kata::hypervisor;
using Catch::Matchers::Contains;

namespace {

/// A QEMU of Enterprise Linux, as far as its help goes.
class FakeQemu final : public CommandRunner {
 public:
  CommandResult run(const Command& command) override {
    ++runs;
    CommandResult result;
    const std::string what =
        command.argv.at(1) + " " + (command.argv.size() > 2 ? command.argv[2] : "");
    if (what == "--version ")
      result.output = "QEMU emulator version 8.2.0 (qemu-kvm-8.2.0-11.el9)\nCopyright\n";
    if (what == "-machine help") {
      result.output =
          "Supported machines are:\nnone                 empty machine\n"
          "pc-q35-rhel9.0.0     RHEL-9.0.0 PC (Q35 + ICH9, 2009)\n"
          "pc-q35-rhel9.4.0     RHEL-9.4.0 PC (Q35 + ICH9, 2009)\n";
    }
    if (what == "-device help") {
      result.output =
          "Network devices:\nname \"virtio-net-pci\", bus PCI, alias \"virtio-net\"\n"
          "name \"vhost-user-fs-pci\", bus PCI\n";
    }
    if (what == "-accel help") result.output = "Accelerators supported in QEMU binary:\nkvm\ntcg\n";
    if (what == "-machine pc-q35-rhel9.4.0,help")
      result.output = "pc options:\n  smm=<OnOffAuto> - Enable SMM\n  usb=<bool>\n";
    return result;
  }
  CommandResult run_lines(const Command& command,
                          const std::function<void(std::string_view)>&) override {
    return run(command);
  }
  int runs = 0;
};

struct FakeHost {
  FakeHost() {
    for (const char* folder : {"/proc", "/dev", "/sys/fs/cgroup", "/usr/libexec", "/cache"})
      make_directories(dir.path() + folder);
    program("/usr/libexec/qemu-kvm");
  }
  void program(const std::string& path) const {
    write_file(dir.path() + path, "#!/bin/sh\n", 0755);
  }
  void file(const std::string& path, const std::string& text) const {
    write_file(dir.path() + path, text);
  }
  HostProbe probe() {
    ProbeOptions options;
    options.root = dir.path();
    options.cache_dir = dir.path() + "/cache";
    return probe_host(runner, options);
  }
  TempDir dir;
  FakeQemu runner;
};

}  // namespace

TEST_CASE("machines, devices and options are read from QEMU's help", "[probe]") {
  FakeHost host;
  const HostProbe probe = host.probe();
  CHECK(probe.qemu.path == host.dir.path() + "/usr/libexec/qemu-kvm");
  CHECK(probe.qemu.version == "8.2.0");
  CHECK(probe.qemu.machine_for("q35") == "pc-q35-rhel9.4.0");
  CHECK(probe.qemu.machine_for("microvm").empty());
  CHECK(probe.qemu.has_device("virtio-net"));
  CHECK_FALSE(probe.qemu.has_device("virtio-9p-pci"));
  CHECK(probe.qemu.machine_options.at("q35") == std::set<std::string>{"smm", "usb"});
}

TEST_CASE("QEMU is asked once, and again when its file changes", "[probe]") {
  FakeHost host;
  (void)host.probe();
  const int first = host.runner.runs;
  CHECK(host.probe().qemu.version == "8.2.0");
  CHECK(host.runner.runs == first);
  host.file("/usr/libexec/qemu-kvm", "#!/bin/sh\n# newer\n");
  (void)host.probe();
  CHECK(host.runner.runs > first);
}

TEST_CASE("a cache that others can write, or that is damaged, is not believed", "[probe]") {
  FakeHost host;
  (void)host.probe();
  const std::string cache =
      probe_cache_path(host.dir.path() + "/cache", host.dir.path() + "/usr/libexec/qemu-kvm");
  REQUIRE(path_exists(cache));
  SECTION("writable by others") { REQUIRE(::chmod(cache.c_str(), 0666) == 0); }
  SECTION("no JSON") { write_file(cache, "{"); }
  SECTION("another shape") { write_file(cache, R"({"format": 1, "path": 3})"); }
  SECTION("missing parts") { write_file(cache, "{}"); }
  SECTION("a link") {
    REQUIRE(::rename(cache.c_str(), (cache + ".real").c_str()) == 0);
    REQUIRE(::symlink((cache + ".real").c_str(), cache.c_str()) == 0);
  }
  const int before = host.runner.runs;
  CHECK(host.probe().qemu.version == "8.2.0");
  CHECK(host.runner.runs > before);
}

TEST_CASE("a KVM without vmx or svm is not usable", "[probe]") {
  FakeHost host;
  host.file("/dev/kvm", "");
  host.file("/proc/cpuinfo", "processor : 0\nflags\t\t: fpu tsc vmxnet\n");
  CHECK_FALSE(host.probe().kvm_usable);
  CHECK_THAT(host.probe().kvm_reason, Contains("neither vmx nor svm"));
  host.file("/proc/cpuinfo", "processor : 0\nflags\t\t: fpu vmx tsc\n");
  CHECK(host.probe().kvm_usable);
}

TEST_CASE("the cgroup mode is read from what is mounted", "[probe]") {
  FakeHost host;
  CHECK(host.probe().cgroups == CgroupMode::none);
  make_directories(host.dir.path() + "/sys/fs/cgroup/memory");
  CHECK(host.probe().cgroups == CgroupMode::v1);
  make_directories(host.dir.path() + "/sys/fs/cgroup/unified");
  host.file("/sys/fs/cgroup/unified/cgroup.procs", "");
  CHECK(host.probe().cgroups == CgroupMode::hybrid);
  host.file("/sys/fs/cgroup/cgroup.controllers", "cpu memory");
  CHECK(host.probe().cgroups == CgroupMode::v2);
}

TEST_CASE("a host without QEMU is told what to install", "[probe]") {
  FakeHost host;
  REQUIRE(::unlink((host.dir.path() + "/usr/libexec/qemu-kvm").c_str()) == 0);
  const std::vector<Finding> list = findings(host.probe());
  REQUIRE_FALSE(list.empty());
  CHECK_FALSE(list[0].ok);
  CHECK_THAT(list[0].what_to_do, Contains("install qemu-kvm"));
}

TEST_CASE("every finding has a value and a reason", "[probe]") {
  FakeHost host;
  for (const Finding& finding : findings(host.probe())) {
    INFO(finding.name);
    CHECK_FALSE(finding.value.empty());
    CHECK_FALSE(finding.reason.empty());
    CHECK((finding.ok || !finding.what_to_do.empty()));
  }
}

TEST_CASE("strange help texts give nothing, not an error", "[probe]") {
  CHECK(parse_version("no numbers here").empty());
  CHECK(parse_machine_help("").empty());
  CHECK(parse_device_help("name \"unfinished").empty());
  CHECK(parse_options_help("heading without options\n\n").empty());
}

TEST_CASE("the counter's frequency is measured the same twice", "[probe]") {
  const double first = measure_tsc_khz();
  const double second = measure_tsc_khz();
  CHECK(first == Approx(second).epsilon(0.01));
}
