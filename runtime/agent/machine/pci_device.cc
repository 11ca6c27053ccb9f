// SPDX-License-Identifier: Apache-2.0
#include "runtime/agent/machine/pci_device.h"

#include <algorithm>
#include <filesystem>

#include "runtime/base/error.h"

namespace kata::agent {
namespace {

constexpr std::string_view kHex = "0123456789abcdef";
constexpr std::size_t kMaxPath = 64;

bool is_slot(std::string_view text) {
  return text.size() == 2 && text.find_first_not_of(kHex) == std::string_view::npos;
}

/// The device's folder below that of a bus or bridge, whatever the number of the bus: the guest's
/// kernel gives those.
std::string device_below(const std::string& folder, std::string_view slot) {
  const std::string end = fmt::format(":{}.0", slot);
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(folder, error)) {
    const std::string name = entry.path().filename().string();
    if (name.size() == std::string_view("0000:00:00.0").size() && name.ends_with(end)) return name;
  }
  return {};
}

}  // namespace

std::string find_pci_device(std::string_view path, const std::string& root) {
  std::string folder = root + "/sys/devices/pci0000:00";
  std::string address;
  std::string_view rest = path.substr(0, kMaxPath);
  while (!rest.empty()) {
    const std::string_view slot = rest.substr(0, rest.find('/'));
    rest.remove_prefix(std::min(rest.size(), slot.size() + 1));
    if (!is_slot(slot)) throw_error(Code::invalid_argument, "\"{}\" is no PCI path", path);
    address = device_below(folder, slot);
    if (address.empty()) throw_error(Code::not_found, "no PCI device at {}", path);
    folder += "/" + address;
  }
  if (address.empty()) throw_error(Code::invalid_argument, "\"{}\" is no PCI path", path);
  return address;
}

}  // namespace kata::agent
