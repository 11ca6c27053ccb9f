// SPDX-License-Identifier: Apache-2.0
#include "runtime/hypervisor/qemu_pci.h"

#include "runtime/base/error.h"

namespace kata::hypervisor {
namespace {

constexpr int kMaxDepth = 8;  // buses behind buses; ours are two

/// Empty when the device is not in the list, nor behind a bridge of it.
std::string find(const Json& devices, const std::string& device, int depth) {
  if (!devices.is_array() || depth > kMaxDepth)
    throw_error(Code::data_loss, "query-pci answered no list of devices");
  for (const Json& entry : devices) {
    if (!entry.is_object()) continue;
    const Json slot = entry.value("slot", Json());
    if (!slot.is_number_unsigned()) continue;
    const std::string text = fmt::format("{:02x}", slot.get<std::uint64_t>());
    if (entry.value("qdev_id", Json()) == device) return text;
    const Json bridge = entry.value("pci_bridge", Json());
    if (!bridge.is_object() || !bridge.contains("devices")) continue;
    const std::string below = find(bridge["devices"], device, depth + 1);
    if (!below.empty()) return text + "/" + below;
  }
  return {};
}

}  // namespace

std::string pci_path_of(const Json& buses, const std::string& device) {
  if (!buses.is_array()) throw_error(Code::data_loss, "query-pci answered no list of buses");
  for (const Json& bus : buses) {
    if (!bus.is_object() || !bus.contains("devices")) continue;
    std::string path = find(bus["devices"], device, 0);
    if (!path.empty()) return path;
  }
  throw_error(Code::not_found, "QEMU has no PCI device {}", device);
}

}  // namespace kata::hypervisor
