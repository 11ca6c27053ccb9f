// SPDX-License-Identifier: Apache-2.0
//
// findings(): the probe in words.
#include "runtime/base/command.h"
#include "runtime/hypervisor/qemu_probe.h"

#include <fmt/core.h>

namespace kata::hypervisor {
namespace {

Finding yes(std::string name, std::string value, std::string reason) {
  Finding finding;
  finding.name = std::move(name);
  finding.value = std::move(value);
  finding.reason = std::move(reason);
  return finding;
}

Finding advise(std::string name, std::string value, std::string reason, std::string what_to_do,
               bool ok = true) {
  Finding finding = yes(std::move(name), std::move(value), std::move(reason));
  finding.what_to_do = std::move(what_to_do);
  finding.ok = ok;
  return finding;
}

Finding machine_finding(const QemuInfo& qemu, const std::string& machine) {
  const std::string name = qemu.machine_for(machine);
  if (!name.empty()) return yes("machine " + machine, name, "QEMU lists it");
  const bool needed = machine == "q35";
  return advise("machine " + machine, "missing", "QEMU does not list it",
                needed ? "install a QEMU with the q35 machine" : "", !needed);
}

Finding sharing_finding(const HostProbe& probe) {
  const QemuInfo& qemu = probe.qemu;
  if (!probe.virtiofsd.empty() && qemu.has_device("vhost-user-fs-pci")) {
    return yes("file sharing", "virtio-fs",
               fmt::format("{} ({}) and vhost-user-fs-pci are there", probe.virtiofsd,
                           probe.virtiofsd_is_rust ? "Rust" : "C"));
  }
  if (qemu.has_device("virtio-9p-pci")) {
    return advise("file sharing", "virtio-9p", "no virtiofsd was found",
                  "install virtiofsd: it is faster");
  }
  return advise("file sharing", "none", "no virtiofsd was found, and this QEMU has no 9p device",
                "install virtiofsd", false);
}

Finding cgroup_finding(CgroupMode mode) {
  switch (mode) {
    case CgroupMode::v2:
      return yes("cgroups", "v2", "/sys/fs/cgroup/cgroup.controllers exists");
    case CgroupMode::hybrid:
      return yes("cgroups", "hybrid", "v1 controllers, and a v2 tree at /sys/fs/cgroup/unified");
    case CgroupMode::v1:
      return yes("cgroups", "v1", "v1 controllers at /sys/fs/cgroup");
    case CgroupMode::none:
      break;
  }
  return advise("cgroups", "none", "/sys/fs/cgroup holds no controller",
                "mount cgroups; sandboxes are not limited now");
}

}  // namespace

std::vector<Finding> findings(const HostProbe& probe) {
  std::vector<Finding> list;
  if (probe.qemu.path.empty()) {
    list.push_back(
        advise("QEMU", "missing", "none of the usual paths holds one",
               "install qemu-kvm (Oracle Linux) or qemu-system-x86 (Debian), or set path= in "
               "[hypervisor.qemu]",
               false));
  } else {
    list.push_back(yes("QEMU", fmt::format("{} {}", probe.qemu.path, probe.qemu.version), "found"));
    list.push_back(machine_finding(probe.qemu, "q35"));
    list.push_back(machine_finding(probe.qemu, "microvm"));
    list.push_back(sharing_finding(probe));
  }
  if (probe.kvm_usable) {
    list.push_back(yes("KVM", "usable", probe.kvm_reason));
  } else {
    list.push_back(
        advise("KVM", "not usable", probe.kvm_reason,
               "enable (nested) virtualization for speed; software emulation (TCG) is used"));
  }
  list.push_back(probe.vhost_vsock
                     ? yes("agent channel", "vsock", "/dev/vhost-vsock opens")
                     : yes("agent channel", "virtio-serial", "/dev/vhost-vsock does not open"));
  list.push_back(probe.vhost_net ? yes("vhost-net", "usable", "/dev/vhost-net opens")
                                 : advise("vhost-net", "not usable", "/dev/vhost-net does not open",
                                          "modprobe vhost_net for a faster network"));
  list.push_back(cgroup_finding(probe.cgroups));
  return list;
}

}  // namespace kata::hypervisor
