// SPDX-License-Identifier: Apache-2.0
//
// What this host can do: which QEMU with which machines and devices, whether KVM really works,
// vhost, virtiofsd, cgroups. Asked once a QEMU build and kept as JSON; each finding says why, and
// what to do about it.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/base/command.h"

namespace kata::hypervisor {

/// One line of `kata-runtime check`.
struct Finding {
  std::string name{};   ///< "KVM"
  std::string value{};  ///< "not usable"
  std::string reason{};
  std::string what_to_do{};  ///< empty when nothing is to be done
  bool ok = true;            ///< false: containers cannot start because of it
};

struct QemuInfo {
  std::string path{};     ///< empty: none found
  std::string version{};  ///< "7.2.22"
  std::set<std::string> machines{};
  std::set<std::string> devices{};
  std::set<std::string> accelerators{};
  std::string qboot{};  ///< the small firmware that boots a kernel directly; empty: none found
  /// Options of -machine, by machine: "q35" -> {"sata", "smm", ...}.
  std::map<std::string, std::set<std::string>> machine_options{};

  [[nodiscard]] bool has_device(const std::string& name) const { return devices.contains(name); }
  /// QEMU's own name for "q35" or "microvm" here ("pc-q35-rhel9.4.0"); empty when it has none.
  [[nodiscard]] std::string machine_for(const std::string& wanted) const;
};

enum class CgroupMode { none, v1, hybrid, v2 };

struct HostProbe {
  QemuInfo qemu{};
  bool kvm_usable = false;
  std::string kvm_reason{};
  bool vhost_vsock = false;
  bool vhost_net = false;
  std::string virtiofsd{};  ///< path; empty: none
  bool virtiofsd_is_rust = false;
  CgroupMode cgroups = CgroupMode::none;
  std::uint32_t cpus = 1;
  std::uint32_t memory_mib = 0;
  std::uint32_t tsc_khz = 0;  ///< 0: unknown
};

struct ProbeOptions {
  std::string qemu_path{};       ///< from the configuration: tried first, and alone when it is set
  std::string virtiofsd_path{};  ///< likewise
  std::string root{};            ///< before /proc, /dev, /sys and the programs' paths; for tests
  std::string cache_dir = "/run/kata-containers";  ///< empty: no cache
};

/// Asks the host. A missing QEMU is not an Error here, but a finding. Throws Error when QEMU is
/// there and does not answer.
[[nodiscard]] HostProbe probe_host(CommandRunner& runner, const ProbeOptions& options = {});

/// The findings in the order in which `check` prints them.
[[nodiscard]] std::vector<Finding> findings(const HostProbe& probe);

/// Parts of probe_host(), for tests and for `-machine help` / `-device help` output of any QEMU.
[[nodiscard]] std::set<std::string> parse_machine_help(std::string_view text);
[[nodiscard]] std::set<std::string> parse_device_help(std::string_view text);
[[nodiscard]] std::set<std::string> parse_options_help(std::string_view text);
[[nodiscard]] std::string parse_version(std::string_view text);

}  // namespace kata::hypervisor
