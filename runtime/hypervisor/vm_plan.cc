// SPDX-License-Identifier: Apache-2.0
#include "runtime/hypervisor/vm_plan.h"

#include <sys/stat.h>

#include <algorithm>

#include "runtime/base/error.h"
#include "runtime/base/fd.h"

namespace kata::hypervisor {
namespace {

Finding choice(std::string name, std::string value, std::string reason) {
  Finding finding;
  finding.name = std::move(name);
  finding.value = std::move(value);
  finding.reason = std::move(reason);
  return finding;
}

Finding choose_accelerator(VmConfig& vm, const config::Hypervisor& wanted, const HostProbe& host) {
  const bool qemu_can = host.qemu.accelerators.contains("kvm");
  if (wanted.accelerator == "kvm") {
    if (!qemu_can) {
      throw_error(Code::failed_precondition,
                  "accelerator = \"kvm\", but {} is built without KVM; use \"auto\"",
                  host.qemu.path);
    }
    vm.accelerator = Accelerator::kvm;
    return choice("accelerator", "kvm", "the configuration forces it; " + host.kvm_reason);
  }
  if (wanted.accelerator == "tcg") {
    vm.accelerator = Accelerator::tcg;
    return choice("accelerator", "tcg", "the configuration asks for software emulation");
  }
  vm.accelerator = host.kvm_usable && qemu_can ? Accelerator::kvm : Accelerator::tcg;
  if (vm.accelerator == Accelerator::tcg && !host.qemu.accelerators.contains("tcg")) {
    throw_error(
        Code::failed_precondition,
        "KVM is not usable ({}), and {} is built without software emulation: enable (nested) "
        "virtualization, or install a QEMU with TCG",
        host.kvm_reason, host.qemu.path);
  }
  return choice("accelerator", to_string(vm.accelerator), host.kvm_reason);
}

/// Those options that this QEMU has, in order.
std::string known_options(const QemuInfo& qemu, const std::string& machine,
                          const std::vector<std::pair<std::string, std::string>>& wishes) {
  const auto found = qemu.machine_options.find(machine);
  std::string text;
  for (const auto& [name, value] : wishes) {
    if (found == qemu.machine_options.end() || !found->second.contains(name)) continue;
    text += fmt::format("{}{}={}", text.empty() ? "" : ",", name, value);
  }
  return text;
}

Finding choose_machine(VmConfig& vm, const config::Hypervisor& wanted, const HostProbe& host) {
  const bool is_microvm = wanted.machine_type == "microvm";
  vm.machine = is_microvm ? Machine::microvm : Machine::q35;
  vm.machine_name = host.qemu.machine_for(wanted.machine_type);
  if (vm.machine_name.empty()) {
    throw_error(Code::failed_precondition,
                "{} has no machine type \"{}\" ({} -machine help lists its own)", host.qemu.path,
                wanted.machine_type, host.qemu.path);
  }
  if (is_microvm) {
    // Under emulation the guest hangs in timer calibration without pit and pic, or with ACPI.
    vm.machine_options = known_options(host.qemu, "microvm",
                                       {{"acpi", "off"},
                                        {"pit", "on"},
                                        {"pic", "on"},
                                        {"rtc", "on"},
                                        {"isa-serial", "off"},
                                        {"pcie", "off"},
                                        {"usb", "off"},
                                        {"graphics", "off"}});
  } else {
    // Each device that is not there need not be set up by the guest.
    vm.machine_options = known_options(host.qemu, "q35",
                                       {{"smm", "off"},
                                        {"usb", "off"},
                                        {"vmport", "off"},
                                        {"graphics", "off"},
                                        {"hpet", "off"},
                                        {"sata", "off"},
                                        {"smbus", "off"},
                                        {"i8042", "off"}});
  }
  if (!wanted.machine_accelerators.empty()) {
    vm.machine_options += (vm.machine_options.empty() ? "" : ",") + wanted.machine_accelerators;
  }
  return choice("machine", vm.machine_name, "machine_type = \"" + wanted.machine_type + "\"");
}

Finding choose_sharing(VmConfig& vm, const config::Hypervisor& wanted, const HostProbe& host) {
  const bool is_microvm = vm.machine == Machine::microvm;
  const bool has_fs =
      host.qemu.has_device(is_microvm ? "vhost-user-fs-device" : "vhost-user-fs-pci");
  const bool has_9p = host.qemu.has_device(is_microvm ? "virtio-9p-device" : "virtio-9p-pci");
  SharedDirectory& shared = vm.shared;
  shared.msize = wanted.msize_9p;
  shared.cache = wanted.virtio_fs_cache;
  shared.queue_size = wanted.virtio_fs_queue_size;
  shared.extra_args = wanted.virtio_fs_extra_args;
  shared.daemon = host.virtiofsd;
  shared.daemon_is_rust = host.virtiofsd_is_rust;
  if (wanted.shared_fs == "none")
    return choice("file sharing", "none", "the configuration says so");
  // With QEMU 7.2 a virtio-fs mount on microvm's MMIO bus never returns under emulation; 9p works
  // there.
  const bool avoid_fs = is_microvm && has_9p;
  if (wanted.shared_fs == "virtio-fs" && has_fs && !host.virtiofsd.empty() && !avoid_fs) {
    shared.kind = SharedFs::virtio_fs;
    return choice("file sharing", "virtio-fs", host.virtiofsd);
  }
  if (has_9p) {
    shared.kind = SharedFs::virtio_9p;
    const char* reason = avoid_fs ? "machine type microvm" : "no virtiofsd was found";
    return choice("file sharing", "virtio-9p",
                  wanted.shared_fs == "virtio-9p" ? "the configuration says so" : reason);
  }
  throw_error(
      Code::failed_precondition,
      "no way to share files with the guest: {}, and {} has no 9p device; install virtiofsd",
      host.virtiofsd.empty() ? "no virtiofsd was found" : "QEMU has no vhost-user-fs device",
      host.qemu.path);
}

void check_file(const std::string& path, const char* what, const char* key) {
  if (path_exists(path)) return;
  throw_error(Code::failed_precondition,
              "the guest's {} {} is not there; install the package that holds it, build it with "
              "katabuild, or "
              "set {}= in [hypervisor.qemu]",
              what, path, key);
}

Finding choose_root(VmConfig& vm, const config::Hypervisor& wanted, const HostProbe& host) {
  if (wanted.image.empty()) {
    vm.initrd = wanted.initrd;
    check_file(vm.initrd, "initrd", "initrd");
    return choice("guest root", vm.initrd, "initrd");
  }
  check_file(wanted.image, "image", "image");
  Finding why;
  in_context([&] { vm.root = choose_root_disk(vm, wanted, host, why); }, "look at the guest image");
  return why;
}

void choose_files(VmConfig& vm, const config::Hypervisor& wanted) {
  vm.kernel = wanted.kernel;
  check_file(vm.kernel, "kernel", "kernel");
  vm.firmware = wanted.firmware;
  if (!vm.firmware.empty()) check_file(vm.firmware, "firmware", "firmware");
}

/// SeaBIOS takes a tenth of a second of an emulated start; qboot does what a direct boot needs.
Finding choose_firmware(VmConfig& vm, const HostProbe& host) {
  if (!vm.firmware.empty()) return choice("firmware", vm.firmware, "the configuration names it");
  if (vm.accelerator == Accelerator::tcg && vm.machine == Machine::q35 &&
      !host.qemu.qboot.empty() && path_exists(host.qemu.qboot)) {
    vm.firmware = host.qemu.qboot;
    return choice("firmware", vm.firmware, "software emulation");
  }
  return choice("firmware", "QEMU's default", "machine type " + vm.machine_name);
}

/// The driver of the random number device reads and mixes at once, 0.06 s of an emulated start. The
/// emulated processor has RDRAND, and the agent hands the host's random bytes to the guest.
Finding choose_entropy(VmConfig& vm, const config::Hypervisor& wanted) {
  if (vm.accelerator == Accelerator::tcg &&
      wanted.entropy_source == config::Hypervisor().entropy_source) {
    return choice("entropy", "processor and agent", "software emulation");
  }
  vm.entropy_source = wanted.entropy_source;
  return choice("entropy", vm.entropy_source, "virtio-rng");
}

void choose_sizes(VmConfig& vm, const config::Config& config, const HostProbe& host) {
  const config::Hypervisor& wanted = config.hypervisor;
  vm.vcpus = wanted.default_vcpus;
  vm.memory_mib = wanted.default_memory;
  const std::uint32_t most_cpus =
      wanted.default_maxvcpus == 0 ? host.cpus : wanted.default_maxvcpus;
  const bool can_grow = vm.machine == Machine::q35 && !config.runtime.static_sandbox_resource_mgmt;
  vm.max_vcpus = can_grow ? std::max(vm.vcpus, most_cpus) : vm.vcpus;
  if (!can_grow) return;
  const std::uint32_t most_memory =
      wanted.default_maxmemory == 0 ? host.memory_mib : wanted.default_maxmemory;
  vm.memory_slots = wanted.memory_slots;
  vm.max_memory_mib = std::max(vm.memory_mib, most_memory);
  vm.hotplug_ports = wanted.pcie_root_port;
}

/// Reading ACPI's tables and making devices of them is a tenth of an emulated start. A CPU that is
/// there from the start and sleeps costs the host next to nothing, and the agent can tell the
/// kernel where new memory lies. Images may have kernels and devices (nvdimm) that need ACPI.
Finding choose_growth(VmConfig& vm) {
  vm.acpi =
      vm.accelerator != Accelerator::tcg || vm.machine != Machine::q35 || !vm.root.image.empty();
  return choice("growth", vm.acpi ? "ACPI" : "agent",
                vm.acpi ? "the guest sees what is plugged in" : "software emulation");
}

}  // namespace

VmPlan plan_vm(const config::Config& config, const HostProbe& host) {
  const config::Hypervisor& wanted = config.hypervisor;
  if (host.qemu.path.empty()) {
    throw_error(Code::failed_precondition,
                "no QEMU was found{}: install qemu-kvm (Oracle Linux) or "
                "qemu-system-x86 (Debian), or set path= in [hypervisor.qemu]",
                wanted.path.empty() ? "" : " at " + wanted.path);
  }
  VmPlan plan;
  VmConfig& vm = plan.vm;
  vm.qemu = host.qemu.path;
  plan.choices.push_back(choice("QEMU", fmt::format("{} {}", host.qemu.path, host.qemu.version),
                                wanted.path.empty() ? "found" : "the configuration names it"));
  plan.choices.push_back(choose_accelerator(vm, wanted, host));
  plan.choices.push_back(choose_machine(vm, wanted, host));
  plan.choices.push_back(choose_sharing(vm, wanted, host));
  choose_files(vm, wanted);
  plan.choices.push_back(choose_root(vm, wanted, host));
  plan.choices.push_back(choose_firmware(vm, host));
  plan.choices.push_back(choose_entropy(vm, wanted));
  choose_sizes(vm, config, host);
  plan.choices.push_back(choose_growth(vm));
  vm.cpu_features = wanted.cpu_features;
  vm.tsc_khz = host.tsc_khz;
  vm.translation_cache_mib = wanted.tcg_translation_cache;
  vm.kernel_params = wanted.kernel_params;
  vm.debug = wanted.enable_debug;
  if (config.agent.enable_debug) vm.agent_log_level = "debug";
  vm.preallocate = wanted.enable_mem_prealloc;
  vm.huge_pages = wanted.enable_hugepages;
  vm.balloon = wanted.reclaim_guest_freed_memory;
  vm.seccomp_sandbox = wanted.seccompsandbox;
  vm.block_aio = wanted.block_device_aio;
  vm.vsock = host.vhost_vsock;
  plan.choices.push_back(
      choice("agent channel", vm.vsock ? "vsock" : "virtio-serial",
             vm.vsock ? "/dev/vhost-vsock opens" : "/dev/vhost-vsock does not open"));
  return plan;
}

}  // namespace kata::hypervisor
