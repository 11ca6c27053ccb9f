// SPDX-License-Identifier: Apache-2.0
//
// A guest whose root is a disk image: by which device it gets the image, and what its kernel is
// told about it.
#pragma once

#include <cstdint>
#include <string>

namespace kata::config {
struct Hypervisor;
}

namespace kata::hypervisor {

struct Finding;
struct HostProbe;
struct VmConfig;

enum class RootDevice { virtio_blk, nvdimm, virtio_pmem };

/// "virtio-blk", "nvdimm", "virtio-pmem".
[[nodiscard]] const char* to_string(RootDevice device) noexcept;

struct RootDisk {
  RootDevice device = RootDevice::virtio_blk;
  std::string image{};  ///< path; empty: the guest's root is its initrd
  std::string format = "raw";
  std::uint64_t size_mib = 0;  ///< as memory
  bool is_partitioned = false;
  std::string filesystem = "ext4";
  bool dax = false;            ///< pages of the file are the guest's, without a copy
  std::string verity_table{};  ///< of dm-verity; empty: not measured
  [[nodiscard]] bool is_memory() const noexcept { return device != RootDevice::virtio_blk; }
};

/// Reads the image that the configuration names and says how the machine that `vm` is so far gets
/// it, with the reason. Throws Error when it is no guest image, or not what the configuration says
/// of it (file system, verity).
[[nodiscard]] RootDisk choose_root_disk(const VmConfig& vm, const config::Hypervisor& wanted,
                                        const HostProbe& host, Finding& why);

/// The words for the guest's kernel: root=, rootfstype=, ...
[[nodiscard]] std::string root_parameters(const RootDisk& root);

}  // namespace kata::hypervisor
