// SPDX-License-Identifier: Apache-2.0
#include "runtime/agent/container/guest_devices.h"

#include <sys/sysmacros.h>

#include <catch2/catch.hpp>

#include "oci.pb.h"
#include "runtime/base/error.h"
#include "runtime/base/io.h"

using namespace kata;
using namespace kata::agent;

namespace {

grpc::LinuxDevice& add_device(grpc::Spec& spec, const std::string& path, const std::string& type,
                              int major_number, int minor_number) {
  grpc::LinuxDevice& device = *spec.mutable_linux()->add_devices();
  device.set_path(path);
  device.set_type(type);
  device.set_major(major_number);
  device.set_minor(minor_number);
  return device;
}

grpc::LinuxDeviceCgroup& add_rule(grpc::Spec& spec, const std::string& type) {
  grpc::LinuxDeviceCgroup& rule = *spec.mutable_linux()->mutable_resources()->add_devices();
  rule.set_allow(true);
  rule.set_type(type);
  rule.set_access("rwm");
  return rule;
}

}  // namespace

TEST_CASE("a disk and its rule get the guest's number, others stay", "[guest_devices]") {
  grpc::Spec spec;
  add_device(spec, "/dev/xvda", "b", 8, 16);
  add_device(spec, "/dev/xvdb", "b", 8, 32);
  grpc::LinuxDeviceCgroup& rule = add_rule(spec, "b");
  rule.set_major(8);
  rule.set_minor(16);
  renumber_device(spec, "/dev//xvda", makedev(254, 3));
  CHECK(spec.linux().devices(0).major() == 254);
  CHECK(spec.linux().devices(0).minor() == 3);
  CHECK(rule.major() == 254);
  CHECK(rule.minor() == 3);
  CHECK(spec.linux().devices(1).major() == 8);
}

TEST_CASE("a device that the guest's kernel lacks is refused by name", "[guest_devices]") {
  const TempDir root;
  make_directories(root.path() + "/sys/dev/char/10:229");
  grpc::Spec spec;
  add_device(spec, "/dev/fuse", "c", 10, 229).set_must_exist(true);
  add_device(spec, "/dev/nobodys", "c", 240, 7);
  CHECK_NOTHROW(settle_devices(spec, root.path()));
  CHECK(spec.linux().devices_size() == 2);
  add_device(spec, "/dev/kvm", "c", 10, 232).set_must_exist(true);
  CHECK_THROWS_WITH(settle_devices(spec, root.path()),
                    Catch::Matchers::Contains("/dev/kvm (c 10:232)"));
}

TEST_CASE("a privileged container has the guest's devices, not the host's", "[guest_devices]") {
  grpc::Spec spec;
  add_device(spec, "/dev/sda", "b", 8, 0);
  add_rule(spec, "a");
  // This machine's own /dev in place of a guest's.
  settle_devices(spec);
  bool has_null = false;
  for (const grpc::LinuxDevice& device : spec.linux().devices()) {
    has_null = has_null || (device.path() == "/dev/null" && device.major() == 1 &&
                            device.minor() == 3 && device.file_mode() == 0666);
    CHECK_FALSE(device.path().starts_with("/dev/pts/"));
  }
  CHECK(has_null);
}
