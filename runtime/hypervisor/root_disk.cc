// SPDX-License-Identifier: Apache-2.0
#include "runtime/hypervisor/root_disk.h"

#include <fmt/core.h>

#include <optional>

#include "runtime/base/error.h"
#include "runtime/config/config.h"
#include "runtime/config/verity.h"
#include "runtime/hypervisor/guest_image.h"
#include "runtime/hypervisor/qemu_probe.h"
#include "runtime/hypervisor/vm_config.h"

namespace kata::hypervisor {
namespace {

constexpr std::uint64_t kMib = 1024 * 1024;
// A block of memory on x86_64: older kernels take nothing smaller as persistent memory.
constexpr std::uint64_t kMemoryBlock = 128 * kMib;
constexpr std::uint64_t kSector = 512;
constexpr std::uint32_t kPageSize = 4096;

/// Why the image cannot be the guest's memory; nothing when it can.
std::optional<std::string> why_no_memory(const GuestImage& image, const VmConfig& vm,
                                         const config::Hypervisor& wanted) {
  if (wanted.disable_image_nvdimm) return "disable_image_nvdimm = true";
  if (!wanted.kernel_verity_params.empty())
    return "dm-verity checks what it has read, so nothing is mapped directly";
  if (vm.machine == Machine::microvm) return "machine type microvm has no memory devices";
  if (vm.machine_options.find("acpi=off") != std::string::npos)
    return "without ACPI the guest does not learn of memory devices";
  if (image.format != "raw") return image.format + " is no plain file";
  if (!image.dax_flaw.empty()) return image.dax_flaw;
  if (!image.dax_offset) return "the image has no DAX header";
  if (image.file_size % kMemoryBlock != 0)
    return fmt::format("the image's size is no multiple of {} MiB", kMemoryBlock / kMib);
  if (image.filesystem == "squashfs") return "squashfs cannot be mapped directly";
  if (image.block_size != kPageSize)
    return fmt::format("{} with blocks of {} bytes cannot be mapped directly: {} are needed",
                       image.filesystem, image.block_size, kPageSize);
  return std::nullopt;
}

std::string filesystem_of(const GuestImage& image, const config::Hypervisor& wanted) {
  if (image.filesystem.empty()) return wanted.rootfs_type.empty() ? "ext4" : wanted.rootfs_type;
  if (!wanted.rootfs_type.empty() && wanted.rootfs_type != image.filesystem) {
    throw_error(Code::failed_precondition,
                "rootfs_type = \"{}\", but image {} holds {}: correct it or leave it out",
                wanted.rootfs_type, image.path, image.filesystem);
  }
  return image.filesystem;
}

/// See Documentation/admin-guide/device-mapper/verity.rst. A changed block ends the guest: with a
/// mere I/O error it would go on with whatever it did not have to read.
std::string verity_table(const GuestImage& image, const RootDisk& root,
                         const config::Verity& verity) {
  const std::uint64_t data_bytes = verity.data_blocks * verity.data_block_size;
  const HashTree tree = find_hash_tree(image, data_bytes, verity.hash_block_size);
  const std::string disk = root.is_partitioned ? "/dev/vda1" : "/dev/vda";
  return fmt::format("0 {} verity 1 {} {} {} {} {} {} sha256 {} {} 1 panic_on_corruption",
                     data_bytes / kSector, disk, tree.on_second_partition ? "/dev/vda2" : disk,
                     verity.data_block_size, verity.hash_block_size, verity.data_blocks,
                     tree.first_byte / verity.hash_block_size, verity.root_hash, verity.salt);
}

RootDevice choose_device(const GuestImage& image, const VmConfig& vm,
                         const config::Hypervisor& wanted, const HostProbe& host,
                         std::string& reason) {
  const std::optional<std::string> obstacle = why_no_memory(image, vm, wanted);
  if (obstacle) {
    reason = *obstacle;
  } else if (host.qemu.has_device("nvdimm")) {
    reason = "the image has a DAX header, and QEMU has nvdimm";
    return RootDevice::nvdimm;
  } else if (host.qemu.has_device("virtio-pmem-pci")) {
    reason = "the image has a DAX header; QEMU has no nvdimm, but virtio-pmem";
    return RootDevice::virtio_pmem;
  } else {
    reason = "QEMU has neither nvdimm nor virtio-pmem";
  }
  const char* device = vm.machine == Machine::microvm ? "virtio-blk-device" : "virtio-blk-pci";
  if (!host.qemu.has_device(device)) {
    throw_error(Code::failed_precondition,
                "{} has no device {} for the image {}; use an initrd, or another QEMU",
                host.qemu.path, device, image.path);
  }
  return RootDevice::virtio_blk;
}

}  // namespace

const char* to_string(RootDevice device) noexcept {
  switch (device) {
    case RootDevice::nvdimm:
      return "nvdimm";
    case RootDevice::virtio_pmem:
      return "virtio-pmem";
    case RootDevice::virtio_blk:
      break;
  }
  return "virtio-blk";
}

RootDisk choose_root_disk(const VmConfig& vm, const config::Hypervisor& wanted,
                          const HostProbe& host, Finding& why) {
  const GuestImage image = read_guest_image(wanted.image);
  RootDisk root;
  root.image = image.path;
  root.format = image.format;
  root.is_partitioned = image.table != PartitionTable::none;
  root.filesystem = filesystem_of(image, wanted);
  root.device = choose_device(image, vm, wanted, host, why.reason);
  root.dax = root.is_memory();
  root.size_mib = image.file_size / kMib;
  std::string measured;
  if (!wanted.kernel_verity_params.empty()) {
    const config::Verity verity = config::parse_verity(wanted.kernel_verity_params);
    root.verity_table = verity_table(image, root, verity);
    measured = ", verity " + verity.root_hash.substr(0, 16);
  }
  why.name = "guest root";
  why.value =
      fmt::format("{} by {} ({}, {}, {}{}{})", image.path, to_string(root.device), image.format,
                  to_string(image.table), root.filesystem, root.dax ? ", DAX" : "", measured);
  return root;
}

std::string root_parameters(const RootDisk& root) {
  const bool is_measured = !root.verity_table.empty();
  std::string device = root.is_memory() ? "/dev/pmem0" : "/dev/vda";
  if (root.is_partitioned) device += root.is_memory() ? "p1" : "1";
  if (is_measured) device = "/dev/dm-0";
  std::string text = fmt::format("root={} rootfstype={} ro", device, root.filesystem);
  if (root.dax) text += " rootflags=dax";
  if (is_measured) text += fmt::format(" dm-mod.create=\"root,,,ro,{}\"", root.verity_table);
  // For an image whose first process is systemd; the agent as the first process passes over it. The
  // network is the agent's, and so are the controllers of cgroup v2, which an older systemd would
  // take for v1.
  return text +
         " systemd.unit=kata-containers.target systemd.unified_cgroup_hierarchy=1 "
         "cgroup_no_v1=all systemd.mask=systemd-networkd.service "
         "systemd.mask=systemd-networkd.socket";
}

}  // namespace kata::hypervisor
