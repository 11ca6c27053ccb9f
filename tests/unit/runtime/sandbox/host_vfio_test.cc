// SPDX-License-Identifier: Apache-2.0
#include "runtime/sandbox/host_vfio.h"

#include <catch2/catch.hpp>
#include <filesystem>

#include "runtime/base/error.h"
#include "runtime/base/io.h"

using namespace kata;
using namespace kata::sandbox;
using Catch::Matchers::Contains;

namespace {

namespace fs = std::filesystem;

/// The parts of /sys that tell of PCI devices and their groups.
struct Host {
  void add_device(const std::string& address, int group, const std::string& driver,
                  const std::string& pci_class = "0x020000") {
    const std::string device = root() + "/sys/bus/pci/devices/" + address;
    make_directories(device);
    write_file(device + "/class", pci_class + "\n");
    if (!driver.empty()) fs::create_symlink("../../drivers/" + driver, device + "/driver");
    const std::string folder = fmt::format("{}/sys/kernel/iommu_groups/{}/devices", root(), group);
    make_directories(folder);
    fs::create_symlink(device, folder + "/" + address);
  }
  void add_node(int minor, const std::string& name) {
    const std::string folder = fmt::format("{}/sys/dev/char/242:{}", root(), minor);
    make_directories(folder);
    write_file(folder + "/uevent", fmt::format("MAJOR=242\nMINOR={}\nDEVNAME={}\n", minor, name));
  }
  [[nodiscard]] const std::string& root() const { return dir.path(); }
  TempDir dir;
};

void add(grpc::Spec& spec, const std::string& path, int minor) {
  grpc::LinuxDevice& device = *spec.mutable_linux()->add_devices();
  device.set_path(path);
  device.set_type("c");
  device.set_major(242);
  device.set_minor(minor);
}

std::string failure(const grpc::Spec& spec, const Host& host) {
  try {
    static_cast<void>(vfio_devices(spec, host.root()));
    return "none";
  } catch (const Error& error) {
    return error.what();
  }
}

}  // namespace

TEST_CASE("a group's devices are the machine's, all but its bridges", "[vfio]") {
  Host host;
  host.add_device("0000:01:00.1", 12, "vfio-pci");
  host.add_device("0000:01:00.0", 12, "vfio-pci");
  host.add_device("0000:00:1c.0", 12, "pcieport", "0x060400");
  host.add_device("0000:02:00.0", 13, "nvme");
  host.add_node(0, "vfio/12");
  grpc::Spec spec;
  add(spec, "/dev/vfio/vfio", 99);
  add(spec, "/dev/accelerator", 0);  // the name is the container's
  add(spec, "/dev/vfio/12", 0);      // the same once more
  const auto devices = vfio_devices(spec, host.root());
  REQUIRE(devices.size() == 2);
  CHECK(devices[0].address == "0000:01:00.0");
  CHECK(devices[1].address == "0000:01:00.1");
}

TEST_CASE("a group with a device of another driver says which, and what to do", "[vfio]") {
  Host host;
  const std::string driver = GENERATE(std::string("nvme"), std::string());
  host.add_device("0000:01:00.0", 12, "vfio-pci");
  host.add_device("0000:01:00.1", 12, driver);
  grpc::Spec spec;
  add(spec, "/dev/vfio/12", 0);
  const std::string text = failure(spec, host);
  CHECK_THAT(text, Contains("IOMMU group 12 is not viable: device 0000:01:00.1 has"));
  CHECK_THAT(text, Contains(driver.empty() ? "has no driver" : "the driver nvme"));
  CHECK_THAT(text, Contains("driver_override"));
}

TEST_CASE("a host without the group says how to get one", "[vfio]") {
  const Host host;
  grpc::Spec spec;
  add(spec, "/dev/vfio/7", 0);
  CHECK_THAT(failure(spec, host), Contains("no IOMMU group 7") && Contains("intel_iommu=on"));
}

TEST_CASE("devices without an IOMMU, of the newer interface, or not of PCI are refused", "[vfio]") {
  Host host;
  make_directories(host.root() + "/sys/kernel/iommu_groups/9/devices/some-uuid");
  const std::string path =
      GENERATE(std::string("/dev/vfio/noiommu-0"), std::string("/dev/vfio/devices/vfio0"),
               std::string("/dev/vfio/9"));
  grpc::Spec spec;
  add(spec, path, 0);
  CHECK_THAT(failure(spec, host), Contains("without an IOMMU") || Contains("is no IOMMU group") ||
                                      Contains("is no PCI device"));
}

TEST_CASE("a container that may use every device gets none of the host's groups", "[vfio]") {
  Host host;
  host.add_device("0000:01:00.0", 12, "nvme");
  grpc::Spec spec;
  add(spec, "/dev/vfio/12", 0);
  grpc::LinuxDeviceCgroup& rule = *spec.mutable_linux()->mutable_resources()->add_devices();
  rule.set_allow(true);
  rule.set_access("rwm");
  CHECK(vfio_devices(spec, host.root()).empty());
}

TEST_CASE("the guest's configuration has other devices only", "[vfio]") {
  Host host;
  host.add_node(0, "vfio/12");
  grpc::Spec spec;
  add(spec, "/dev/vfio/vfio", 99);
  add(spec, "/dev/fuse", 229);
  add(spec, "/dev/accelerator", 0);
  remove_vfio_devices(spec, host.root());
  REQUIRE(spec.linux().devices_size() == 1);
  CHECK(spec.linux().devices(0).path() == "/dev/fuse");
}
