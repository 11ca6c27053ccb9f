// SPDX-License-Identifier: Apache-2.0
#include "runtime/sandbox/host_vfio.h"

#include <fmt/core.h>

#include <algorithm>
#include <filesystem>
#include <set>
#include <string_view>

#include "runtime/base/error.h"
#include "runtime/base/io.h"
#include "runtime/base/path.h"
#include "runtime/base/text.h"
#include "runtime/wire/device_rules.h"

namespace kata::sandbox {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kFolder = "vfio/";
constexpr std::string_view kContainerNode = "vfio/vfio";  // what a group is opened together with
constexpr std::string_view kDriver = "vfio-pci";

/// What the host's kernel calls a character device: "vfio/12". Its path in config.json is the
/// container's; where the kernel does not know the number, the path is all there is.
std::string kernel_name(const grpc::LinuxDevice& device, const std::string& root) {
  if (device.type() != "c" && device.type() != "u") return {};
  constexpr std::string_view kName = "DEVNAME=";
  const std::string uevent =
      fmt::format("{}/sys/dev/char/{}:{}/uevent", root, device.major(), device.minor());
  for (const std::string& line : split_text(read_file_if_exists(uevent).value_or(""))) {
    if (line.starts_with(kName)) return line.substr(kName.size());
  }
  const std::string path = clean_path(device.path());
  return is_below(path, "/dev/vfio") ? path.substr(std::string_view("/dev/").size()) : "";
}

/// The number of a group's node; empty for the node that all groups share.
std::string group_of(const std::string& name) {
  if (name == kContainerNode) return {};
  const std::string group = name.substr(kFolder.size());
  if (group.starts_with("noiommu-")) {
    throw_error(Code::unimplemented,
                "linux.devices: /dev/{}: without an IOMMU the device could reach all of the host's "
                "memory; enable the IOMMU",
                name);
  }
  if (group.empty() || group.find_first_not_of("0123456789") != std::string::npos) {
    throw_error(Code::unimplemented,
                "linux.devices: /dev/{} is no IOMMU group; name the group, /dev/vfio/NUMBER", name);
  }
  return group;
}

/// Bridges may keep the host's driver: they are not handed over. See the kernel's
/// Documentation/driver-api/vfio.rst.
bool is_bridge(const std::string& folder) {
  return read_file_if_exists(folder + "/class").value_or("").starts_with("0x06");
}

void check_driver(const std::string& folder, const std::string& address, const std::string& group) {
  std::error_code none;
  const std::string driver = fs::read_symlink(folder + "/driver", none).filename().string();
  if (driver == kDriver) return;
  throw_error(Code::failed_precondition,
              "IOMMU group {} is not viable: device {} has {}, and each of the group must be bound "
              "to {}: write {} to /sys/bus/pci/devices/{}/driver_override, {} to its "
              "driver/unbind, and {} to /sys/bus/pci/drivers_probe",
              group, address, driver.empty() ? "no driver" : "the driver " + driver, kDriver,
              kDriver, address, address, address);
}

void add_group(std::vector<hypervisor::PciDevice>& devices, const std::string& group,
               const std::string& root) {
  std::set<std::string> addresses;
  std::error_code error;
  const std::string folder = fmt::format("{}/sys/kernel/iommu_groups/{}/devices", root, group);
  for (const auto& entry : fs::directory_iterator(folder, error))
    addresses.insert(entry.path().filename().string());
  if (addresses.empty()) {
    throw_error(Code::failed_precondition,
                "linux.devices: /dev/vfio/{}: the host has no IOMMU group {}; enable the IOMMU in "
                "the firmware (VT-d, AMD-Vi) and the kernel (intel_iommu=on), and bind the device "
                "to {}",
                group, group, kDriver);
  }
  for (const std::string& address : addresses) {
    const std::string device = fmt::format("{}/sys/bus/pci/devices/{}", root, address);
    if (!path_exists(device)) {
      throw_error(
          Code::unimplemented,
          "IOMMU group {}: {} is no PCI device, and others cannot go into a virtual machine", group,
          address);
    }
    if (is_bridge(device)) continue;
    check_driver(device, address, group);
    devices.push_back({.id = "", .address = address});
  }
}

}  // namespace

std::vector<hypervisor::PciDevice> vfio_devices(const grpc::Spec& spec, const std::string& root) {
  std::vector<hypervisor::PciDevice> devices;
  if (wire::allows_every_device(spec.linux().resources())) return devices;
  std::set<std::string> groups;
  for (const grpc::LinuxDevice& device : spec.linux().devices()) {
    const std::string name = kernel_name(device, root);
    if (!name.starts_with(kFolder)) continue;
    const std::string group = group_of(name);
    if (!group.empty() && groups.insert(group).second) add_group(devices, group, root);
  }
  return devices;
}

void remove_vfio_devices(grpc::Spec& spec, const std::string& root) {
  auto& list = *spec.mutable_linux()->mutable_devices();
  for (int i = list.size() - 1; i >= 0; --i) {
    if (kernel_name(list[i], root).starts_with(kFolder)) list.DeleteSubrange(i, 1);
  }
}

}  // namespace kata::sandbox
