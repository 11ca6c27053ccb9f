// SPDX-License-Identifier: Apache-2.0
#include "runtime/sandbox/host_disks.h"

#include <fmt/core.h>

#include <string_view>

#include "runtime/base/io.h"
#include "runtime/base/path.h"
#include "runtime/base/text.h"
#include "runtime/wire/device_rules.h"

namespace kata::sandbox {
namespace {

constexpr std::string_view kDeviceName = "DEVNAME=";

/// The node that the host's kernel has made for a block device; its name in config.json is the
/// container's. Empty when the host has no such device: then the number is all that is wanted.
std::string node_of(const grpc::LinuxDevice& device, const std::string& root) {
  const std::string number = fmt::format("{}:{}", device.major(), device.minor());
  const std::string uevent = fmt::format("{}/sys/dev/block/{}/uevent", root, number);
  for (const std::string& line : split_text(read_file_if_exists(uevent).value_or(""))) {
    if (line.starts_with(kDeviceName)) return root + "/dev/" + line.substr(kDeviceName.size());
  }
  return {};
}

bool may_write(const grpc::Spec& spec, const grpc::LinuxDevice& device) {
  for (const grpc::LinuxDeviceCgroup& rule : spec.linux().resources().devices()) {
    const bool is_its = rule.allow() && rule.type() == "b" && rule.has_major() &&
                        rule.major() == device.major() && rule.has_minor() &&
                        rule.minor() == device.minor();
    if (is_its && rule.access().find('w') != std::string::npos) return true;
  }
  return false;
}

}  // namespace

std::vector<HostDisk> host_disks(const grpc::Spec& spec, const std::string& root) {
  std::vector<HostDisk> disks;
  if (wire::allows_every_device(spec.linux().resources())) return disks;
  for (const grpc::LinuxDevice& device : spec.linux().devices()) {
    if (device.type() != "b") continue;
    HostDisk disk{.container_path = device.path()};
    disk.disk.path = node_of(device, root);
    if (disk.disk.path.empty()) continue;
    disk.disk.is_device = true;
    disk.disk.read_only = !may_write(spec, device);
    disks.push_back(std::move(disk));
  }
  return disks;
}

void mark_host_devices(grpc::Spec& spec, const std::string& root) {
  for (grpc::LinuxDevice& device : *spec.mutable_linux()->mutable_devices()) {
    const bool is_character = device.type() == "c" || device.type() == "u";
    const std::string known =
        fmt::format("{}/sys/dev/char/{}:{}", root, device.major(), device.minor());
    if (is_character && path_exists(known)) device.set_must_exist(true);
  }
}

}  // namespace kata::sandbox
