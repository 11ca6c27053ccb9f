// SPDX-License-Identifier: Apache-2.0
#include "runtime/hypervisor/qemu_command_line.h"

#include <fmt/core.h>

#include <algorithm>
#include <string_view>

#include "runtime/base/error.h"

namespace kata::hypervisor {
namespace {

constexpr int kFirstFd = 3;
// Console and agent. The default of 31 makes the guest set up 64 queues, which costs under
// emulation.
constexpr int kSerialPorts = 2;
constexpr std::uint32_t kCacheOfIdleCpuMib = 4;

/// In QEMU's option lists a comma is written twice.
std::string escaped(std::string_view value) {
  std::string result;
  for (const char c : value) {
    result += c;
    if (c == ',') result += ',';
  }
  return result;
}

class Builder {
 public:
  Builder(const VmConfig& vm, const Channels& channels) : vm_(vm), channels_(channels) {}

  QemuCommandLine build() {
    add_identity();
    add_machine();
    add_cpus();
    add_memory();
    add_kernel();
    add_root();
    add_monitor();
    add_serial();
    add_shared_folder();
    add_entropy();
    for (const BlockDevice& disk : vm_.disks) add_disk(disk);
    for (const NetworkDevice& network : vm_.networks) add_network(network);
    for (const PciDevice& pci : vm_.pci_devices) add_pci(pci);
    add_ports();
    return std::move(line_);
  }

 private:
  template <typename... Args>
  void add(fmt::format_string<Args...> format, Args&&... args) {
    line_.argv.push_back(fmt::format(format, std::forward<Args>(args)...));
  }
  void option(const char* name, std::string value) {
    line_.argv.emplace_back(name);
    line_.argv.push_back(std::move(value));
  }
  /// The number that the descriptor has in QEMU.
  int pass(int fd) {
    const int number = kFirstFd + static_cast<int>(line_.fds.size());
    line_.fds.emplace_back(number, fd);
    return number;
  }
  /// By which QEMU opens it once more.
  std::string passed_path(int fd) { return fmt::format("/proc/self/fd/{}", pass(fd)); }
  /// "virtio-net" -> as the machine's bus has it.
  [[nodiscard]] std::string device(std::string_view name) const {
    return fmt::format("{}-{}", name, is_microvm() ? "device" : "pci");
  }
  [[nodiscard]] bool is_microvm() const { return vm_.machine == Machine::microvm; }
  [[nodiscard]] std::uint32_t most_vcpus() const {
    return is_microvm() ? vm_.vcpus : std::max(vm_.max_vcpus, vm_.vcpus);
  }
  [[nodiscard]] bool can_grow_memory() const {
    return !is_microvm() && vm_.memory_slots > 0 && vm_.max_memory_mib > vm_.memory_mib;
  }

  void add_identity() {
    add("{}", vm_.qemu);
    option("-name", fmt::format("sandbox-{},debug-threads=on", vm_.id));
    if (!vm_.uuid.empty()) option("-uuid", vm_.uuid);
    for (const char* flag : {"-nodefaults", "-no-user-config", "-no-reboot"}) add("{}", flag);
    option("-display", "none");
    option("-vga", "none");
    if (!vm_.seccomp_sandbox.empty()) option("-sandbox", vm_.seccomp_sandbox);
  }

  void add_machine() {
    std::string machine = vm_.machine_name;
    if (!vm_.machine_options.empty()) machine += "," + vm_.machine_options;
    if (vm_.root.device == RootDevice::nvdimm) machine += ",nvdimm=on";
    option("-machine", machine + ",memory-backend=ram0");
    if (vm_.accelerator == Accelerator::kvm) {
      option("-accel", "kvm");
    } else {
      // Each CPU's thread keeps a part of the cache to itself, whether the guest uses it or not.
      const std::uint32_t idle = vm_.acpi ? 0 : most_vcpus() - vm_.vcpus;
      option("-accel", fmt::format("tcg,thread=multi,tb-size={}",
                                   vm_.translation_cache_mib + idle * kCacheOfIdleCpuMib));
    }
    if (!vm_.firmware.empty()) option("-bios", vm_.firmware);
  }

  void add_cpus() {
    std::string cpu = vm_.accelerator == Accelerator::kvm ? "host" : "max";
    // Five-level page tables make each emulated TLB miss dearer, and no guest of ours needs 128
    // PiB. ERMS promises fast byte-wise string instructions, but TCG goes through them step by
    // step: without it kernels clear and copy eight bytes a step, and a page is cleared in a sixth
    // of the time.
    if (vm_.accelerator == Accelerator::tcg) cpu += ",la57=off,erms=off";
    if (!vm_.cpu_features.empty()) cpu += "," + vm_.cpu_features;
    option("-cpu", cpu);
    const std::uint32_t most = most_vcpus();
    // One socket a CPU, so that each can be plugged alone. A CPU that the guest does not use
    // sleeps.
    option("-smp", fmt::format("{},sockets={},cores=1,threads=1,maxcpus={}",
                               vm_.acpi ? vm_.vcpus : most, most, most));
  }

  void add_memory() {
    std::string size = fmt::format("{}M", vm_.memory_mib);
    std::uint32_t slots = can_grow_memory() ? vm_.memory_slots : 0;
    std::uint64_t most = can_grow_memory() ? vm_.max_memory_mib : vm_.memory_mib;
    // A root in memory takes a slot and its size of what can be plugged.
    if (vm_.root.is_memory()) {
      ++slots;
      most += vm_.root.size_mib;
    }
    if (slots > 0) size += fmt::format(",slots={},maxmem={}M", slots, most);
    option("-m", size);
    // virtiofsd maps the guest's memory, so it must be shared; a memfd needs no file system.
    const bool shared = vm_.shared.kind == SharedFs::virtio_fs;
    std::string backend = shared || vm_.huge_pages ? "memory-backend-memfd" : "memory-backend-ram";
    if (channels_.memory >= 0) backend = "memory-backend-file";
    backend += fmt::format(",id=ram0,size={}M", vm_.memory_mib);
    if (channels_.memory >= 0) backend += ",mem-path=" + passed_path(channels_.memory);
    if (shared) backend += ",share=on";
    if (vm_.huge_pages) backend += ",hugetlb=on";
    if (vm_.preallocate) backend += ",prealloc=on";
    option("-object", backend);
    if (vm_.balloon) {
      option("-device",
             device("virtio-balloon") + ",id=balloon0,free-page-reporting=on,deflate-on-oom=on");
    }
  }

  void add_kernel() {
    option("-kernel",
           channels_.kernel_entry >= 0 ? passed_path(channels_.kernel_entry) : vm_.kernel);
    if (!vm_.initrd.empty()) option("-initrd", vm_.initrd);
    option("-append", kernel_command_line(vm_));
  }

  /// Read-only whatever the device: many machines use one file at once.
  void add_root() {
    const RootDisk& root = vm_.root;
    if (root.image.empty()) return;
    if (!root.is_memory()) {
      add_disk({.id = "rootfs", .path = root.image, .format = root.format, .read_only = true});
      return;
    }
    option("-object",
           fmt::format("memory-backend-file,id=rootfs,mem-path={},size={}M,share=on,readonly=on",
                       escaped(root.image), root.size_mib));
    const bool is_nvdimm = root.device == RootDevice::nvdimm;
    option("-device", is_nvdimm ? "nvdimm,id=dev-rootfs,memdev=rootfs,unarmed=on"
                                : "virtio-pmem-pci,id=dev-rootfs,memdev=rootfs");
  }

  void add_monitor() {
    option("-chardev", fmt::format("socket,id=qmp,fd={}", pass(channels_.qmp)));
    option("-mon", "chardev=qmp,mode=control");
  }

  void add_serial() {
    const bool has_debug_console = channels_.debug_console >= 0;
    option("-device", fmt::format("{},id=serial0,max_ports={}", device("virtio-serial"),
                                  kSerialPorts + (has_debug_console ? 1 : 0)));
    option("-chardev", fmt::format("socket,id=console,fd={}", pass(channels_.console)));
    option("-device", "virtconsole,bus=serial0.0,nr=0,chardev=console");
    if (channels_.agent >= 0) {
      option("-chardev", fmt::format("socket,id=agent,fd={}", pass(channels_.agent)));
      option("-device", fmt::format("virtserialport,bus=serial0.0,nr=1,chardev=agent,name={}",
                                    kAgentPortName));
    }
    if (has_debug_console) {
      option("-chardev", fmt::format("socket,id=debug,fd={},server=on,wait=off",
                                     pass(channels_.debug_console)));
      option("-device", fmt::format("virtserialport,bus=serial0.0,nr=2,chardev=debug,name={}",
                                    kDebugPortName));
    }
    if (channels_.vhost_vsock >= 0) {
      option("-device", fmt::format("{},id=vsock0,guest-cid={},vhostfd={}", device("vhost-vsock"),
                                    vm_.vsock_cid, pass(channels_.vhost_vsock)));
    }
  }

  void add_shared_folder() {
    const SharedDirectory& shared = vm_.shared;
    if (shared.kind == SharedFs::virtio_fs) {
      option("-chardev", fmt::format("socket,id=shared,fd={}", pass(channels_.virtiofs)));
      option("-device",
             fmt::format("{},chardev=shared,queue-size={},tag={}", device("vhost-user-fs"),
                         shared.queue_size, escaped(shared.tag)));
    } else if (shared.kind == SharedFs::virtio_9p) {
      option("-fsdev", fmt::format("local,id=shared,security_model=none,multidevs=remap,path={}",
                                   escaped(shared.path)));
      option("-device",
             fmt::format("{},fsdev=shared,mount_tag={}", device("virtio-9p"), escaped(shared.tag)));
    }
  }

  void add_entropy() {
    if (vm_.entropy_source.empty()) return;
    option("-object", "rng-random,id=rng0,filename=" + escaped(vm_.entropy_source));
    option("-device", device("virtio-rng") + ",rng=rng0");
  }

  void add_disk(const BlockDevice& disk) {
    option("-drive",
           fmt::format("if=none,id={0},format={1},file={2},readonly={3},aio={4},"
                       "cache.direct={5},discard=unmap",
                       disk.id, disk.format, escaped(disk.path), disk.read_only ? "on" : "off",
                       vm_.block_aio, disk.direct ? "on" : "off"));
    option("-device", fmt::format("{},id=dev-{},drive={},serial={}", device("virtio-blk"), disk.id,
                                  disk.id, disk.id.substr(0, 20)));
  }

  /// "fd=5", or "fds=5:6" for several queues.
  std::string passed(std::string_view one, std::string_view many,
                     const std::vector<UniqueFd>& fds) {
    if (fds.size() == 1) return fmt::format("{}={}", one, pass(fds[0].get()));
    std::string numbers;
    for (const UniqueFd& fd : fds) {
      numbers += fmt::format("{}{}", numbers.empty() ? "" : ":", pass(fd.get()));
    }
    return fmt::format("{}={}", many, numbers);
  }

  void add_network(const NetworkDevice& network) {
    std::string backend =
        fmt::format("tap,id={},{}", network.id, passed("fd", "fds", network.tap_fds));
    if (!network.vhost_fds.empty()) {
      backend += ",vhost=on," + passed("vhostfd", "vhostfds", network.vhost_fds);
    }
    option("-netdev", backend);
    // A card that reports its link starts with none, and Linux looks again a second later: programs
    // that ask whether the interface is up (Java's do) would be told that it is not.
    std::string card = fmt::format("{},id=dev-{},netdev={},mac={},status=off", device("virtio-net"),
                                   network.id, network.id, network.mac);
    // The boot ROM would only cost time.
    if (!is_microvm()) card += ",romfile=";
    if (network.tap_fds.size() > 1) {
      card += ",mq=on";
      if (!is_microvm()) card += fmt::format(",vectors={}", 2 * network.tap_fds.size() + 2);
    }
    option("-device", card);
  }

  /// On the root bus, whose windows have room for registers of any size.
  void add_pci(const PciDevice& pci) {
    option("-device",
           fmt::format("vfio-pci,id=dev-{},host={},bus=pcie.0", pci.id, escaped(pci.address)));
  }

  void add_ports() {
    if (is_microvm()) return;
    // A guest without ACPI serves the ports by their own registers.
    if (!vm_.acpi && vm_.hotplug_ports > 0)
      option("-global", "ICH9-LPC.acpi-pci-hotplug-with-bridge-support=off");
    for (std::uint32_t i = 0; i < vm_.hotplug_ports; ++i) {
      option("-device", fmt::format("pcie-root-port,id=port{0},bus=pcie.0,chassis={1},slot={1},"
                                    "io-reserve=0,mem-reserve=2M,pref64-reserve=2M",
                                    i, i + 1));
    }
  }

  const VmConfig& vm_;
  const Channels& channels_;
  QemuCommandLine line_;
};

std::string_view name_of(std::string_view parameter) {
  return parameter.substr(0, parameter.find('='));
}

/// Parameters that may stand more than once, each with its own meaning.
bool may_repeat(std::string_view name) {
  return name == "console" || name == "earlyprintk" || name == "earlycon" ||
         name == "virtio_mmio.device" || name == "systemd.mask";
}

void append_words(std::vector<std::string>& words, std::string_view text) {
  bool quoted = false;
  std::string word;
  const auto flush = [&] {
    if (!word.empty()) words.push_back(std::move(word));
    word.clear();
  };
  for (const char c : text) {
    if (c == '"') quoted = !quoted;
    if (!quoted && (c == ' ' || c == '\t' || c == '\n')) {
      flush();
    } else {
      word += c;
    }
  }
  flush();
}

std::string default_parameters(const VmConfig& vm) {
  // reboot=t: a triple fault is what every machine type understands; -no-reboot makes it the end.
  // panic=1 ends a machine whose kernel has died, so that the container is reported as exited.
  // Without noreplace-smp a guest with one CPU patches its lock prefixes out, one by one.
  // memmap_init=lazy leaves the descriptors of memory that nobody uses alone; a kernel without our
  // patches ignores it, as it does all that has a value. The rest: see kernel/README.md.
  std::string text =
      "console=hvc0 noreplace-smp no_timer_check tsc=reliable rcupdate.rcu_expedited=1 "
      "net.ifnames=0 reboot=t panic=1 memmap_init=lazy "
      "random.trust_cpu=on ifb.numifbs=0 dummy.numdummies=0";
  if (vm.accelerator == Accelerator::tcg) {
    // Attacks on a speculating processor do not exist in an emulated one; the defences would only
    // cost.
    text += " mitigations=off";
    // Hash tables sized for 2 GiB of files are memory to clear first.
    text +=
        " dhash_entries=32768 ihash_entries=16384 thash_entries=8192 nf_conntrack.hashsize=8192";
    // Known to the kernels of kernel/patches, and harmless to others since they have a value.
    text += " lapic_timer_khz=1000000 keep_initmem=1 cr4_early=1";
    // virtiofsd writes programs into pages without QEMU's knowledge, which would run what it has
    // translated from the page before; what the guest clears is translated anew. A kernel without
    // our patches clears more than the pages of files, and is right too.
    // And an interrupt for each of its answers costs more than most answers take.
    if (vm.shared.kind == SharedFs::virtio_fs) text += " init_on_alloc=1,fuse virtiofs.poll_us=50";
    if (vm.tsc_khz != 0) text += fmt::format(" tsc_early_khz={}", vm.tsc_khz);
  }
  if (!vm.acpi) text += fmt::format(" acpi=off maxcpus={}", vm.vcpus);
  if (!vm.acpi && vm.hotplug_ports > 0) text += " pcie_ports=native pciehp.pciehp_button_ms=0";
  // Without root ports nothing is behind bus 0.
  if (vm.machine == Machine::q35 && vm.hotplug_ports == 0) text += " pci=lastbus=0";
  text += vm.debug ? " loglevel=7" : " quiet";
  if (!vm.agent_log_level.empty()) text += " agent.log=" + vm.agent_log_level;
  if (!vm.debug_console.empty()) text += " agent.debug_console";
  if (!vm.root.image.empty()) text += " " + root_parameters(vm.root);
  return text;
}

}  // namespace

QemuCommandLine build_command_line(const VmConfig& vm, const Channels& channels) {
  return Builder(vm, channels).build();
}

std::string kernel_command_line(const VmConfig& vm) {
  std::vector<std::string> words;
  append_words(words, default_parameters(vm));
  append_words(words, vm.kernel_params);
  std::string line;
  for (auto word = words.begin(); word != words.end(); ++word) {
    const bool is_overridden = !may_repeat(name_of(*word)) &&
                               std::any_of(word + 1, words.end(), [&](const std::string& later) {
                                 return name_of(later) == name_of(*word);
                               });
    if (is_overridden) continue;
    if (!line.empty()) line += ' ';
    line += *word;
  }
  // See COMMAND_LINE_SIZE of the kernel: what is beyond is cut off without a word.
  constexpr std::size_t kCommandLineSize = 2048;
  if (line.size() >= kCommandLineSize) {
    throw_error(Code::invalid_argument,
                "the kernel's command line has {} characters, {} is the most: "
                "shorten kernel_params",
                line.size(), kCommandLineSize - 1);
  }
  return line;
}

}  // namespace kata::hypervisor
