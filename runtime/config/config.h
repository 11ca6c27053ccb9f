// SPDX-License-Identifier: Apache-2.0
//
// The runtime's configuration as plain values. The member initialisers are the defaults; the names
// are those of configuration.toml, so that one can be found from the other. How it is read is in
// load.h.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "runtime/base/runtime_folder.h"

namespace kata::config {

/// [hypervisor.qemu]
struct Hypervisor {
  std::string path{};  ///< empty: found by the probe
  std::string kernel = "/usr/share/kata-containers/vmlinux.container";
  std::string initrd = "/usr/share/kata-containers/kata-containers-initrd.img";
  std::string image{};        ///< a disk image in the initrd's place; see guest_root.h
  std::string rootfs_type{};  ///< of the image: ext4 | xfs | erofs | squashfs; empty: found out
  std::string kernel_verity_params{};  ///< of the image; see verity.h
  bool disable_image_nvdimm = false;   ///< the image is a disk even where it could be memory
  std::string guest_hook_path{};       ///< a folder of the guest with OCI hooks
  std::string firmware{};
  std::string machine_type = "q35";    ///< or "microvm", or a full name such as "pc-q35-7.2"
  std::string accelerator = "auto";    ///< auto | kvm | tcg
  std::string machine_accelerators{};  ///< more -machine options, comma-separated
  std::string cpu_features{};          ///< appended to -cpu, e.g. "pmu=off"
  std::string kernel_params{};
  std::uint32_t default_vcpus = 1;
  std::uint32_t default_maxvcpus = 0;   ///< 0: the host's number
  std::uint32_t default_memory = 2048;  ///< MiB
  std::uint32_t default_maxmemory = 0;  ///< MiB; 0: the host's memory
  std::uint32_t memory_slots = 10;
  std::uint32_t default_bridges = 1;
  std::uint32_t pcie_root_port = 2;
  std::string shared_fs =
      "virtio-fs";                 ///< virtio-fs | virtio-9p | none; virtio-fs falls back to 9p
  std::string virtio_fs_daemon{};  ///< empty: found by the probe
  std::string virtio_fs_cache = "auto";    ///< never | auto | always
  std::uint32_t virtio_fs_cache_size = 0;  ///< MiB of DAX window; 0: none
  std::uint32_t virtio_fs_queue_size = 1024;
  std::vector<std::string> virtio_fs_extra_args{};
  std::uint32_t msize_9p = 524288;
  bool disable_block_device_use = false;
  std::string block_device_driver = "virtio-blk";
  std::string block_device_aio = "threads";
  bool block_device_cache_set = false;
  bool block_device_cache_direct = false;
  bool block_device_cache_noflush = false;
  bool enable_iothreads = false;
  bool enable_mem_prealloc = false;
  bool enable_hugepages = false;
  bool reclaim_guest_freed_memory = false;
  bool enable_debug = false;
  bool disable_vhost_net = false;
  std::string entropy_source = "/dev/urandom";
  std::string seccompsandbox{};              ///< QEMU's -sandbox value; empty: off
  std::uint32_t tcg_translation_cache = 64;  ///< MiB without KVM; a start fills 45
  std::vector<std::string>
      enable_annotations{};  ///< regular expressions of keys that annotations may set
  std::vector<std::string> valid_hypervisor_paths{};
  std::vector<std::string> valid_virtio_fs_daemon_paths{};
  std::vector<std::string> valid_entropy_sources{};
  std::vector<std::string> valid_guest_paths{};  ///< kernels, initrds, images; empty: any
};

/// [agent.kata]
struct Agent {
  bool enable_debug = false;
  bool debug_console_enabled = false;
  std::vector<std::string> kernel_modules{};
  std::uint32_t dial_timeout =
      90;  ///< seconds until the agent must answer; a busy host without KVM is slow
};

/// [runtime]
struct Runtime {
  bool enable_debug = false;
  std::string internetworking_model = "tcfilter";  ///< tcfilter | none
  std::string vfio_mode = "guest-kernel";          ///< guest-kernel
  bool disable_guest_seccomp = false;
  bool disable_new_netns = false;
  bool sandbox_cgroup_only = true;
  bool static_sandbox_resource_mgmt = false;
  std::vector<std::string> sandbox_bind_mounts{};
  std::uint32_t create_container_timeout = 60;  ///< seconds
  /// Ours: sandboxes, shared folders, the probe's cache.
  std::string state_dir = runtime_folder("kata-containers");
};

/// [factory]
struct Factory {
  bool enable_template = false;
  std::string template_path = "/run/kata-containers/template";
  std::uint32_t vm_cache_number = 0;
  std::string vm_cache_endpoint = "/run/kata-containers/cache.sock";
};

struct Config {
  Hypervisor hypervisor{};
  Agent agent{};
  Runtime runtime{};
  Factory factory{};
  std::vector<std::string> files{};  ///< what was read, in order
  /// Keys of the files that nothing here uses, and that were set to more than their default:
  /// "hypervisor.qemu.enable_iothreads".
  std::vector<std::string> without_effect{};
};

}  // namespace kata::config
