// SPDX-License-Identifier: Apache-2.0
#include "runtime/hypervisor/qemu_probe.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysinfo.h>
#include <unistd.h>

#include <algorithm>
#include <array>

#include "runtime/base/error.h"
#include "runtime/base/fd.h"
#include "runtime/base/io.h"
#include "runtime/base/path.h"
#include "runtime/hypervisor/qemu_probe_cache.h"
#include "runtime/hypervisor/tsc_frequency.h"

namespace kata::hypervisor {
namespace {

constexpr auto kPatience = std::chrono::seconds(20);
constexpr std::array kQemuPaths = {"/usr/bin/qemu-system-x86_64", "/usr/libexec/qemu-kvm",
                                   "/usr/bin/qemu-kvm", "/usr/bin/qemu-system-x86",
                                   "/usr/local/bin/qemu-system-x86_64"};
constexpr std::array kVirtiofsdPaths = {"/usr/libexec/virtiofsd", "/usr/lib/qemu/virtiofsd",
                                        "/usr/bin/virtiofsd", "/usr/local/libexec/virtiofsd"};

/// Calls `on_line` for each line of `text`.
template <typename OnLine>
void each_line(std::string_view text, const OnLine& on_line) {
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    on_line(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
}

std::string_view trimmed(std::string_view text) {
  const std::size_t begin = text.find_first_not_of(" \t");
  return begin == std::string_view::npos ? std::string_view() : text.substr(begin);
}

std::string ask(CommandRunner& runner, std::vector<std::string> argv) {
  Command command;
  command.argv = std::move(argv);
  command.timeout = kPatience;
  return run_checked(runner, command).output;
}

bool is_program(const std::string& path) { return ::access(path.c_str(), X_OK) == 0; }

template <typename Paths>
std::string first_program(const std::string& root, const std::string& configured,
                          const Paths& paths) {
  if (!configured.empty()) return is_program(configured) ? configured : std::string();
  for (const char* path : paths) {
    if (is_program(root + path)) return root + path;
  }
  return {};
}

std::set<std::string> options_of(CommandRunner& runner, const QemuInfo& qemu,
                                 const std::string& machine) {
  const std::string name = qemu.machine_for(machine);
  if (name.empty()) return {};
  return parse_options_help(ask(runner, {qemu.path, "-machine", name + ",help"}));
}

QemuInfo ask_qemu(CommandRunner& runner, const std::string& path) {
  QemuInfo qemu;
  qemu.path = path;
  qemu.version = parse_version(ask(runner, {path, "--version"}));
  qemu.machines = parse_machine_help(ask(runner, {path, "-machine", "help"}));
  qemu.devices = parse_device_help(ask(runner, {path, "-device", "help"}));
  each_line(ask(runner, {path, "-accel", "help"}), [&](std::string_view line) {
    if (line == "kvm" || line == "tcg") qemu.accelerators.emplace(line);
  });
  // QEMU prints the folders in which it looks for firmware.
  each_line(ask(runner, {path, "-L", "help"}), [&](std::string_view folder) {
    const std::string file = join_path(std::string(folder), "qboot.rom");
    if (qemu.qboot.empty() && path_exists(file)) qemu.qboot = file;
  });
  for (const char* machine : {"q35", "microvm"}) {
    qemu.machine_options[machine] = options_of(runner, qemu, machine);
  }
  return qemu;
}

/// A KVM that only runs paravirtual guests offers neither vmx nor svm; an ordinary kernel hangs in
/// it.
void probe_kvm(HostProbe& probe, const std::string& root) {
  try {
    const UniqueFd kvm = open_file(root + "/dev/kvm", O_RDWR);
  } catch (const Error& error) {
    probe.kvm_reason = error.code() == Code::not_found ? "/dev/kvm does not exist" : error.what();
    return;
  }
  const std::string cpuinfo = read_file_if_exists(root + "/proc/cpuinfo").value_or("");
  bool has_flag = false;
  each_line(cpuinfo, [&](std::string_view line) {
    if (!line.starts_with("flags")) return;
    const std::string padded = std::string(line) + " ";
    has_flag |=
        padded.find(" vmx ") != std::string::npos || padded.find(" svm ") != std::string::npos;
  });
  probe.kvm_usable = has_flag;
  probe.kvm_reason =
      has_flag ? "/dev/kvm opens and the processor has vmx or svm"
               : "/dev/kvm opens, but the processor shows neither vmx nor svm: such a KVM "
                 "runs only paravirtual guests and ordinary ones hang";
}

CgroupMode probe_cgroups(const std::string& root) {
  const std::string base = root + "/sys/fs/cgroup";
  if (path_exists(base + "/cgroup.controllers")) return CgroupMode::v2;
  if (path_exists(base + "/unified/cgroup.procs")) return CgroupMode::hybrid;
  return path_exists(base + "/memory") || path_exists(base + "/cpu") ? CgroupMode::v1
                                                                     : CgroupMode::none;
}

bool opens(const std::string& path) {
  try {
    return static_cast<bool>(open_file(path, O_RDWR));
  } catch (const Error&) {
    return false;
  }
}

}  // namespace

std::string QemuInfo::machine_for(const std::string& wanted) const {
  if (machines.contains(wanted)) return wanted;
  // Enterprise Linux knows only its own versions: "pc-q35-rhel9.4.0". The set is sorted; the last
  // one is the newest.
  std::string best;
  for (const std::string& name : machines) {
    if (name.starts_with("pc-" + wanted + "-")) best = name;
  }
  return best;
}

std::set<std::string> parse_machine_help(std::string_view text) {
  std::set<std::string> names;
  each_line(text, [&](std::string_view line) {
    if (line.starts_with("Supported machines") || line.empty()) return;
    names.emplace(line.substr(0, line.find(' ')));
  });
  return names;
}

std::set<std::string> parse_device_help(std::string_view text) {
  std::set<std::string> names;
  each_line(text, [&](std::string_view line) {
    for (const std::string_view key : {"name \"", "alias \""}) {
      const std::size_t begin = line.find(key);
      if (begin == std::string_view::npos) continue;
      const std::string_view rest = line.substr(begin + key.size());
      const std::size_t end = rest.find('"');
      if (end != std::string_view::npos) names.emplace(rest.substr(0, end));
    }
  });
  return names;
}

std::set<std::string> parse_options_help(std::string_view text) {
  std::set<std::string> names;
  each_line(text, [&](std::string_view line) {
    const std::string_view option = trimmed(line);
    const std::size_t equals = option.find('=');
    if (option.size() < line.size() && equals != std::string_view::npos) {
      names.emplace(option.substr(0, equals));
    }
  });
  return names;
}

std::string parse_version(std::string_view text) {
  const std::string_view key = "version ";
  const std::size_t begin = text.find(key);
  if (begin == std::string_view::npos) return {};
  const std::string_view rest = text.substr(begin + key.size());
  return std::string(rest.substr(0, rest.find_first_not_of("0123456789.")));
}

HostProbe probe_host(CommandRunner& runner, const ProbeOptions& options) {
  HostProbe probe;
  const std::string qemu = first_program(options.root, options.qemu_path, kQemuPaths);
  if (!qemu.empty()) {
    in_context(
        [&] {
          const std::string cache = probe_cache_path(options.cache_dir, qemu);
          if (std::optional<QemuInfo> known = load_probe(cache, qemu)) {
            probe.qemu = std::move(*known);
          } else {
            probe.qemu = ask_qemu(runner, qemu);
            ignore_error([&] { save_probe(cache, probe.qemu); }, "the cache only saves time");
          }
        },
        "ask {} what it can do", qemu);
  }
  probe_kvm(probe, options.root);
  probe.vhost_vsock = opens(options.root + "/dev/vhost-vsock");
  probe.vhost_net = opens(options.root + "/dev/vhost-net");
  probe.virtiofsd = first_program(options.root, options.virtiofsd_path, kVirtiofsdPaths);
  if (!probe.virtiofsd.empty()) {
    // The C daemon came with QEMU and lies in its folder; the Rust one has --shared-dir.
    probe.virtiofsd_is_rust = virtiofsd_is_rust(runner, probe.virtiofsd, options.cache_dir);
  }
  probe.cgroups = probe_cgroups(options.root);
  probe.tsc_khz = host_tsc_khz(options.cache_dir);
  probe.cpus = static_cast<std::uint32_t>(std::max(1L, ::sysconf(_SC_NPROCESSORS_ONLN)));
  struct sysinfo memory {};
  if (::sysinfo(&memory) == 0) {
    probe.memory_mib =
        static_cast<std::uint32_t>(std::uint64_t{memory.totalram} * memory.mem_unit >> 20);
  }
  return probe;
}

}  // namespace kata::hypervisor
