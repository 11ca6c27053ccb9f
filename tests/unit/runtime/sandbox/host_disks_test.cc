// SPDX-License-Identifier: Apache-2.0
#include "runtime/sandbox/host_disks.h"

#include <catch2/catch.hpp>

#include "runtime/base/io.h"

using namespace kata;
using namespace kata::sandbox;

namespace {

void add_disk(grpc::Spec& spec, const std::string& path, int minor, const std::string& access) {
  grpc::LinuxDevice& device = *spec.mutable_linux()->add_devices();
  device.set_path(path);
  device.set_type("b");
  device.set_major(8);
  device.set_minor(minor);
  grpc::LinuxDeviceCgroup& rule = *spec.mutable_linux()->mutable_resources()->add_devices();
  rule.set_allow(true);
  rule.set_type("b");
  rule.set_major(8);
  rule.set_minor(minor);
  rule.set_access(access);
}

struct Host {
  Host() {
    make_directories(dir.path() + "/sys/dev/block/8:16");
    write_file(dir.path() + "/sys/dev/block/8:16/uevent", "MAJOR=8\nMINOR=16\nDEVNAME=sdb\n");
  }
  TempDir dir;
};

}  // namespace

TEST_CASE("a block device becomes a disk of the machine, by the host's own name", "[host_disks]") {
  const Host host;
  grpc::Spec spec;
  spec.mutable_linux()->add_devices()->set_type("c");
  add_disk(spec, "/dev/xvda", 16, GENERATE(std::string("rwm"), std::string("r")));
  const std::vector<HostDisk> disks = host_disks(spec, host.dir.path());
  REQUIRE(disks.size() == 1);
  CHECK(disks[0].container_path == "/dev/xvda");
  CHECK(disks[0].disk.path == host.dir.path() + "/dev/sdb");
  CHECK(disks[0].disk.is_device);
  CHECK(disks[0].disk.read_only == (spec.linux().resources().devices(0).access() == "r"));
}

TEST_CASE("a block device that the host does not have is no disk", "[host_disks]") {
  const Host host;
  grpc::Spec spec;
  add_disk(spec, "/dev/xvdb", 32, "rwm");
  CHECK(host_disks(spec, host.dir.path()).empty());
}

TEST_CASE("the guest must have the character devices that the host has", "[host_disks]") {
  const Host host;
  make_directories(host.dir.path() + "/sys/dev/char/10:232");
  grpc::Spec spec;
  for (const int minor : {232, 7}) {
    grpc::LinuxDevice& device = *spec.mutable_linux()->add_devices();
    device.set_type("c");
    device.set_major(10);
    device.set_minor(minor);
  }
  mark_host_devices(spec, host.dir.path());
  CHECK(spec.linux().devices(0).must_exist());
  CHECK_FALSE(spec.linux().devices(1).must_exist());
}

TEST_CASE("a privileged container gets no disk of the host", "[host_disks]") {
  const Host host;
  grpc::Spec spec;
  add_disk(spec, "/dev/sdb", 16, "rwm");
  grpc::LinuxDeviceCgroup& all = *spec.mutable_linux()->mutable_resources()->add_devices();
  all.set_allow(true);
  all.set_access("rwm");
  CHECK(host_disks(spec, host.dir.path()).empty());
}
