// SPDX-License-Identifier: Apache-2.0
//
// One virtual machine as values: what it is made of, decided before anything is started.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "runtime/base/fd.h"
#include "runtime/hypervisor/root_disk.h"

namespace kata::hypervisor {

enum class Accelerator { kvm, tcg };
enum class Machine { q35, microvm };
enum class SharedFs { none, virtio_fs, virtio_9p };

[[nodiscard]] const char* to_string(Accelerator accelerator) noexcept;
[[nodiscard]] const char* to_string(Machine machine) noexcept;
/// "virtio-fs", "virtio-9p", "none".
[[nodiscard]] const char* to_string(SharedFs kind) noexcept;

struct NetworkDevice {
  std::string id{};  ///< "net0"; unique in the machine
  std::string mac{};
  std::uint32_t mtu = 1500;
  std::vector<UniqueFd> tap_fds{};    ///< one a queue
  std::vector<UniqueFd> vhost_fds{};  ///< as many as taps, or none
};

struct BlockDevice {
  std::string id{};  ///< unique in the machine; also the disk's serial number, by which the guest
                     ///< finds it (20 bytes)
  std::string path{};
  std::string format = "raw";
  bool is_device = false;  ///< a block device of the host, not a file
  bool read_only = false;
  bool direct = false;  ///< O_DIRECT on the host
};

/// A PCI device of the host that the machine has in its stead, by VFIO.
struct PciDevice {
  std::string id{};       ///< unique in the machine
  std::string address{};  ///< on the host: "0000:01:00.0"
};

/// What a machine's memory has become.
struct GrownMemory {
  std::uint32_t mib = 0;
  /// Where the new memory lies, a block of 128 MiB each, when the agent must tell the guest's
  /// kernel; else empty.
  std::vector<std::uint64_t> blocks{};
};

/// The folder that host and guest share.
struct SharedDirectory {
  SharedFs kind = SharedFs::none;
  std::string path{};
  std::string tag = "kataShared";  ///< mount tag in the guest
  std::uint32_t msize = 524288;    ///< 9p
  // virtio-fs:
  std::string daemon{};
  bool daemon_is_rust = false;
  /// Holds the daemon's socket for a moment; whoever removes what a killed process left looks here.
  std::string socket_folder = "/tmp";
  std::string cache = "auto";
  std::uint32_t queue_size = 1024;
  std::vector<std::string> extra_args{};
};

struct VmConfig {
  std::string id{};  ///< sandbox id, for names and messages
  std::string uuid{};
  std::string qemu{};
  Machine machine = Machine::q35;
  std::string machine_name{};     ///< as QEMU calls it: "q35", "pc-q35-rhel9.4.0", "microvm"
  std::string machine_options{};  ///< more, comma-separated
  Accelerator accelerator = Accelerator::tcg;
  /// The guest reads ACPI's tables and hears of plugged CPUs and memory by them. Without, all CPUs
  /// that it may get are there from the start, and the agent brings both online.
  bool acpi = true;
  std::string cpu_features{};
  std::uint32_t translation_cache_mib = 64;
  std::uint32_t tsc_khz = 0;  ///< the host's time stamp counter, which emulation passes through; 0:
                              ///< the guest calibrates

  std::string kernel{};
  std::string initrd{};
  RootDisk root{};  ///< in the initrd's place
  std::string firmware{};
  std::string kernel_params{};    ///< the user's; they come last, so they win
  std::string debug_console{};    ///< the guest's shell: a socket on the host; empty: none
  std::string agent_log_level{};  ///< empty: the agent's default
  bool debug = false;             ///< console not quiet

  std::uint32_t vcpus = 1;
  std::uint32_t max_vcpus = 1;  ///< more than vcpus: hot-plug is possible
  std::uint32_t memory_mib = 2048;
  std::uint32_t max_memory_mib = 0;  ///< more than memory_mib: hot-plug is possible
  std::uint32_t memory_slots = 0;
  bool preallocate = false;
  bool huge_pages = false;
  bool balloon = false;

  SharedDirectory shared{};
  std::vector<NetworkDevice> networks{};
  std::vector<BlockDevice> disks{};
  std::vector<PciDevice> pci_devices{};
  bool vsock = false;
  std::uint32_t vsock_cid = 0;
  std::string entropy_source{};     ///< of virtio-rng, on the host; empty: no such device
  std::uint32_t hotplug_ports = 0;  ///< PCIe root ports kept free
  std::string seccomp_sandbox{};    ///< -sandbox value; empty: off
  std::string block_aio = "threads";
};

}  // namespace kata::hypervisor
