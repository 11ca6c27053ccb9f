// SPDX-License-Identifier: Apache-2.0
#include "runtime/config/keys.h"

#include <algorithm>
#include <limits>

namespace kata::config {
namespace {

/// A key of upstream's that nothing here uses yet: accepted, so that an upstream user's file works,
/// and told by `check`, `env` and the log.
constexpr Key accepted(std::string_view section, std::string_view name) {
  return {section, name, [](Config&) -> Field { return std::monostate{}; }, Annotatable::never,
          false,   false};
}

/// A key of upstream's without which a machine would be less protected than its user believes.
constexpr Key promise(std::string_view section, std::string_view name) {
  Key key = accepted(section, name);
  key.is_promise = true;
  return key;
}

constexpr Key kKeys[] = {
    // clang-format off
    // [hypervisor.qemu]
    {"hypervisor.qemu", "path", [](Config& c) -> Field { return &c.hypervisor.path; }, Annotatable::gated, true},
    {"hypervisor.qemu", "kernel", [](Config& c) -> Field { return &c.hypervisor.kernel; }, Annotatable::gated, true},
    {"hypervisor.qemu", "initrd", [](Config& c) -> Field { return &c.hypervisor.initrd; }, Annotatable::gated, true},
    {"hypervisor.qemu", "image", [](Config& c) -> Field { return &c.hypervisor.image; }, Annotatable::gated, true},
    {"hypervisor.qemu", "rootfs_type", [](Config& c) -> Field { return &c.hypervisor.rootfs_type; }, Annotatable::gated},
    {"hypervisor.qemu", "kernel_verity_params", [](Config& c) -> Field { return &c.hypervisor.kernel_verity_params; }, Annotatable::gated},
    {"hypervisor.qemu", "disable_image_nvdimm", [](Config& c) -> Field { return &c.hypervisor.disable_image_nvdimm; }, Annotatable::gated},
    {"hypervisor.qemu", "firmware", [](Config& c) -> Field { return &c.hypervisor.firmware; }, Annotatable::gated, true},
    {"hypervisor.qemu", "machine_type", [](Config& c) -> Field { return &c.hypervisor.machine_type; }, Annotatable::gated},
    {"hypervisor.qemu", "accelerator", [](Config& c) -> Field { return &c.hypervisor.accelerator; }, Annotatable::gated},
    {"hypervisor.qemu", "machine_accelerators", [](Config& c) -> Field { return &c.hypervisor.machine_accelerators; }, Annotatable::gated},
    {"hypervisor.qemu", "cpu_features", [](Config& c) -> Field { return &c.hypervisor.cpu_features; }, Annotatable::gated},
    {"hypervisor.qemu", "kernel_params", [](Config& c) -> Field { return &c.hypervisor.kernel_params; }, Annotatable::gated},
    {"hypervisor.qemu", "default_vcpus", [](Config& c) -> Field { return &c.hypervisor.default_vcpus; }, Annotatable::gated},
    {"hypervisor.qemu", "default_maxvcpus", [](Config& c) -> Field { return &c.hypervisor.default_maxvcpus; }, Annotatable::gated},
    {"hypervisor.qemu", "default_memory", [](Config& c) -> Field { return &c.hypervisor.default_memory; }, Annotatable::gated},
    {"hypervisor.qemu", "default_maxmemory", [](Config& c) -> Field { return &c.hypervisor.default_maxmemory; }, Annotatable::gated},
    {"hypervisor.qemu", "memory_slots", [](Config& c) -> Field { return &c.hypervisor.memory_slots; }, Annotatable::gated},
    {"hypervisor.qemu", "default_bridges", [](Config& c) -> Field { return &c.hypervisor.default_bridges; }, Annotatable::gated, false, false},
    {"hypervisor.qemu", "pcie_root_port", [](Config& c) -> Field { return &c.hypervisor.pcie_root_port; }, Annotatable::gated},
    {"hypervisor.qemu", "shared_fs", [](Config& c) -> Field { return &c.hypervisor.shared_fs; }, Annotatable::gated},
    {"hypervisor.qemu", "virtio_fs_daemon", [](Config& c) -> Field { return &c.hypervisor.virtio_fs_daemon; }, Annotatable::gated, true},
    {"hypervisor.qemu", "virtio_fs_cache", [](Config& c) -> Field { return &c.hypervisor.virtio_fs_cache; }, Annotatable::gated},
    {"hypervisor.qemu", "virtio_fs_cache_size", [](Config& c) -> Field { return &c.hypervisor.virtio_fs_cache_size; }, Annotatable::gated, false, false},
    {"hypervisor.qemu", "virtio_fs_queue_size", [](Config& c) -> Field { return &c.hypervisor.virtio_fs_queue_size; }, Annotatable::gated},
    {"hypervisor.qemu", "virtio_fs_extra_args", [](Config& c) -> Field { return &c.hypervisor.virtio_fs_extra_args; }, Annotatable::gated},
    {"hypervisor.qemu", "msize_9p", [](Config& c) -> Field { return &c.hypervisor.msize_9p; }, Annotatable::gated},
    {"hypervisor.qemu", "disable_block_device_use", [](Config& c) -> Field { return &c.hypervisor.disable_block_device_use; }, Annotatable::gated},
    {"hypervisor.qemu", "block_device_driver", [](Config& c) -> Field { return &c.hypervisor.block_device_driver; }, Annotatable::gated, false, false},
    {"hypervisor.qemu", "block_device_aio", [](Config& c) -> Field { return &c.hypervisor.block_device_aio; }, Annotatable::gated},
    {"hypervisor.qemu", "block_device_cache_set", [](Config& c) -> Field { return &c.hypervisor.block_device_cache_set; }, Annotatable::gated, false, false},
    {"hypervisor.qemu", "block_device_cache_direct", [](Config& c) -> Field { return &c.hypervisor.block_device_cache_direct; }, Annotatable::gated, false, false},
    {"hypervisor.qemu", "block_device_cache_noflush", [](Config& c) -> Field { return &c.hypervisor.block_device_cache_noflush; }, Annotatable::gated, false, false},
    {"hypervisor.qemu", "enable_iothreads", [](Config& c) -> Field { return &c.hypervisor.enable_iothreads; }, Annotatable::gated, false, false},
    {"hypervisor.qemu", "enable_mem_prealloc", [](Config& c) -> Field { return &c.hypervisor.enable_mem_prealloc; }, Annotatable::gated},
    {"hypervisor.qemu", "enable_hugepages", [](Config& c) -> Field { return &c.hypervisor.enable_hugepages; }, Annotatable::gated},
    {"hypervisor.qemu", "reclaim_guest_freed_memory", [](Config& c) -> Field { return &c.hypervisor.reclaim_guest_freed_memory; }, Annotatable::gated},
    {"hypervisor.qemu", "enable_debug", [](Config& c) -> Field { return &c.hypervisor.enable_debug; }, Annotatable::gated},
    {"hypervisor.qemu", "disable_vhost_net", [](Config& c) -> Field { return &c.hypervisor.disable_vhost_net; }, Annotatable::gated},
    {"hypervisor.qemu", "entropy_source", [](Config& c) -> Field { return &c.hypervisor.entropy_source; }, Annotatable::gated, true},
    {"hypervisor.qemu", "seccompsandbox", [](Config& c) -> Field { return &c.hypervisor.seccompsandbox; }, Annotatable::gated},
    {"hypervisor.qemu", "guest_hook_path", [](Config& c) -> Field { return &c.hypervisor.guest_hook_path; }, Annotatable::gated, true},
    {"hypervisor.qemu", "tcg_translation_cache", [](Config& c) -> Field { return &c.hypervisor.tcg_translation_cache; }, Annotatable::gated},
    {"hypervisor.qemu", "enable_annotations", [](Config& c) -> Field { return &c.hypervisor.enable_annotations; }, Annotatable::never},
    {"hypervisor.qemu", "valid_hypervisor_paths", [](Config& c) -> Field { return &c.hypervisor.valid_hypervisor_paths; }, Annotatable::never},
    {"hypervisor.qemu", "valid_virtio_fs_daemon_paths", [](Config& c) -> Field { return &c.hypervisor.valid_virtio_fs_daemon_paths; }, Annotatable::never},
    {"hypervisor.qemu", "valid_entropy_sources", [](Config& c) -> Field { return &c.hypervisor.valid_entropy_sources; }, Annotatable::never},
    {"hypervisor.qemu", "valid_guest_paths", [](Config& c) -> Field { return &c.hypervisor.valid_guest_paths; }, Annotatable::never},
    // Upstream's, without effect yet.
    accepted("hypervisor.qemu", "memory_offset"),
    accepted("hypervisor.qemu", "enable_virtio_mem"),
    accepted("hypervisor.qemu", "file_mem_backend"),
    accepted("hypervisor.qemu", "valid_file_mem_backends"),
    accepted("hypervisor.qemu", "rx_rate_limiter_max_rate"),
    accepted("hypervisor.qemu", "tx_rate_limiter_max_rate"),
    promise("hypervisor.qemu", "rootless"),
    accepted("hypervisor.qemu", "hotplug_vfio_on_root_bus"),
    accepted("hypervisor.qemu", "hot_plug_vfio"),
    accepted("hypervisor.qemu", "cold_plug_vfio"),
    accepted("hypervisor.qemu", "pcie_switch_port"),
    accepted("hypervisor.qemu", "use_legacy_serial"),
    accepted("hypervisor.qemu", "enable_vhost_user_store"),
    accepted("hypervisor.qemu", "vhost_user_store_path"),
    accepted("hypervisor.qemu", "valid_vhost_user_store_paths"),
    accepted("hypervisor.qemu", "vhost_user_reconnect_timeout_sec"),
    accepted("hypervisor.qemu", "enable_iommu"),
    accepted("hypervisor.qemu", "enable_iommu_platform"),
    accepted("hypervisor.qemu", "guest_memory_dump_path"),
    accepted("hypervisor.qemu", "guest_memory_dump_paging"),
    accepted("hypervisor.qemu", "enable_guest_swap"),
    accepted("hypervisor.qemu", "disable_selinux"),
    accepted("hypervisor.qemu", "disable_guest_selinux"),
    accepted("hypervisor.qemu", "disable_nesting_checks"),
    promise("hypervisor.qemu", "confidential_guest"),
    accepted("hypervisor.qemu", "firmware_volume"),
    accepted("hypervisor.qemu", "extra_monitor_socket"),
    accepted("hypervisor.qemu", "hypervisor_loglevel"),
    accepted("hypervisor.qemu", "network_queues"),
    accepted("hypervisor.qemu", "enable_swap"),
    accepted("hypervisor.qemu", "asset_hash_type"),
    accepted("hypervisor.qemu", "enable_numa"),
    accepted("hypervisor.qemu", "indep_iothreads"),
    // [agent.kata]
    {"agent.kata", "enable_debug", [](Config& c) -> Field { return &c.agent.enable_debug; }, Annotatable::freely},
    {"agent.kata", "debug_console_enabled", [](Config& c) -> Field { return &c.agent.debug_console_enabled; }, Annotatable::freely},
    {"agent.kata", "kernel_modules", [](Config& c) -> Field { return &c.agent.kernel_modules; }, Annotatable::freely},
    {"agent.kata", "dial_timeout", [](Config& c) -> Field { return &c.agent.dial_timeout; }, Annotatable::freely},
    // Upstream's, without effect yet.
    accepted("agent.kata", "enable_tracing"),
    accepted("agent.kata", "trace_mode"),
    accepted("agent.kata", "trace_type"),
    accepted("agent.kata", "reconnect_timeout_ms"),
    accepted("agent.kata", "cdh_api_timeout"),
    accepted("agent.kata", "mem_agent_enable"),
    accepted("agent.kata", "launch_process_timeout"),
    // [runtime]
    {"runtime", "enable_debug", [](Config& c) -> Field { return &c.runtime.enable_debug; }, Annotatable::never},
    {"runtime", "internetworking_model", [](Config& c) -> Field { return &c.runtime.internetworking_model; }, Annotatable::freely},
    {"runtime", "vfio_mode", [](Config& c) -> Field { return &c.runtime.vfio_mode; }, Annotatable::freely},
    {"runtime", "disable_guest_seccomp", [](Config& c) -> Field { return &c.runtime.disable_guest_seccomp; }, Annotatable::freely},
    {"runtime", "disable_new_netns", [](Config& c) -> Field { return &c.runtime.disable_new_netns; }, Annotatable::never},
    {"runtime", "sandbox_cgroup_only", [](Config& c) -> Field { return &c.runtime.sandbox_cgroup_only; }, Annotatable::never},
    {"runtime", "static_sandbox_resource_mgmt", [](Config& c) -> Field { return &c.runtime.static_sandbox_resource_mgmt; }, Annotatable::never},
    {"runtime", "sandbox_bind_mounts", [](Config& c) -> Field { return &c.runtime.sandbox_bind_mounts; }, Annotatable::never, false, false},
    {"runtime", "create_container_timeout", [](Config& c) -> Field { return &c.runtime.create_container_timeout; }, Annotatable::freely},
    {"runtime", "state_dir", [](Config& c) -> Field { return &c.runtime.state_dir; }, Annotatable::never, true},
    // Upstream's, without effect yet.
    accepted("runtime", "enable_pprof"),
    accepted("runtime", "experimental"),
    accepted("runtime", "enable_tracing"),
    accepted("runtime", "jaeger_endpoint"),
    accepted("runtime", "jaeger_user"),
    accepted("runtime", "jaeger_password"),
    accepted("runtime", "disable_guest_empty_dir"),
    accepted("runtime", "guest_selinux_label"),
    accepted("runtime", "dan_conf"),
    accepted("runtime", "emptydir_mode"),
    accepted("runtime", "enable_vcpus_pinning"),
    accepted("runtime", "use_passfd_io"),
    accepted("runtime", "name"),
    accepted("runtime", "hypervisor_name"),
    accepted("runtime", "agent_name"),
    accepted("runtime", "keep_abnormal"),
    accepted("runtime", "pod_resource_api_sock"),
    accepted("runtime", "kubelet_root_dir"),
    accepted("runtime", "force_guest_pull"),
    accepted("runtime", "log_level"),
    // [factory]
    {"factory", "enable_template", [](Config& c) -> Field { return &c.factory.enable_template; }, Annotatable::never, false, false},
    {"factory", "template_path", [](Config& c) -> Field { return &c.factory.template_path; }, Annotatable::never, true, false},
    {"factory", "vm_cache_number", [](Config& c) -> Field { return &c.factory.vm_cache_number; }, Annotatable::never, false, false},
    {"factory", "vm_cache_endpoint", [](Config& c) -> Field { return &c.factory.vm_cache_endpoint; }, Annotatable::never, true, false},
    // Upstream's, without effect yet.
    accepted("factory", "template"),
    // [image]
    accepted("image", "service_offload"),
    accepted("image", "provision"),
    // clang-format on
};

/// Levenshtein's distance.
std::size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j < row.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t replaced = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({replaced, row[j] + 1, row[j - 1] + 1});
    }
  }
  return row.back();
}

}  // namespace

std::span<const Key> all_keys() { return kKeys; }

const Key* find_key(std::string_view section, std::string_view name) {
  const auto* found = std::find_if(std::begin(kKeys), std::end(kKeys), [&](const Key& key) {
    return key.section == section && key.name == name;
  });
  return found == std::end(kKeys) ? nullptr : found;
}

bool is_section(std::string_view section) {
  return std::any_of(std::begin(kKeys), std::end(kKeys),
                     [&](const Key& key) { return key.section == section; });
}

std::string_view nearest_key(std::string_view section, std::string_view name) {
  // Bounds the table below, whatever a file holds.
  name = name.substr(0, 64);
  std::string_view best;
  std::size_t fewest = std::numeric_limits<std::size_t>::max();
  for (const Key& key : kKeys) {
    if (key.section != section) continue;
    const std::size_t edits = distance(name, key.name);
    if (edits >= fewest) continue;
    fewest = edits;
    best = key.name;
  }
  return best;
}

}  // namespace kata::config
