// SPDX-License-Identifier: Apache-2.0
//
// What a machine is given for its containers: disks, PCI devices, CPUs and memory.
#include "runtime/base/error.h"
#include "runtime/base/log.h"
#include "runtime/sandbox/guest_spec.h"
#include "runtime/sandbox/host_vfio.h"
#include "runtime/sandbox/sandbox.h"

namespace kata::sandbox {

/// Those of the machine's first container are there from its start.
void Sandbox::choose_devices(Container& container) {
  container.disks = host_disks(container.bundle.spec);
  for (HostDisk& disk : container.disks) disk.disk.id = fmt::format("disk{}", next_device_++);
  container.pci_devices = vfio_devices(container.bundle.spec);
  for (hypervisor::PciDevice& device : container.pci_devices)
    device.id = fmt::format("vfio{}", next_device_++);
}

asio::awaitable<void> Sandbox::plug_devices(const Container& container) {
  for (const HostDisk& disk : container.disks) {
    hypervisor::BlockDevice device = disk.disk;
    co_await vm_->add_block(std::move(device));
  }
  for (const hypervisor::PciDevice& pci : container.pci_devices) {
    hypervisor::PciDevice device = pci;
    co_await vm_->add_pci(std::move(device));
  }
}

asio::awaitable<void> Sandbox::unplug_devices(const Container& container) {
  if (ended_ || !vm_) co_return;
  for (const HostDisk& disk : container.disks) {
    try {
      co_await vm_->remove_block(disk.disk.id);
    } catch (const Error& error) {
      log::debug("disk stays in the machine id={} error=\"{}\"", disk.disk.id, error.what());
    }
  }
  for (const hypervisor::PciDevice& device : container.pci_devices) {
    try {
      co_await vm_->remove_pci(device.id);
    } catch (const Error& error) {
      log::warn("device stays in the machine address={} error=\"{}\"", device.address,
                error.what());
    }
  }
}

/// The agent finds a disk by its serial number, a PCI device by its way through the buses.
asio::awaitable<grpc::CreateContainerRequest> Sandbox::request_devices(const Container& container) {
  grpc::CreateContainerRequest request;
  for (const HostDisk& disk : container.disks) {
    grpc::Device& device = *request.add_devices();
    device.set_id("serial:" + disk.disk.id);
    device.set_type("blk");
    device.set_container_path(disk.container_path);
  }
  for (const hypervisor::PciDevice& pci : container.pci_devices) {
    const std::string path = co_await vm_->pci_path(pci.id);
    grpc::Device& device = *request.add_devices();
    device.set_id(pci.id);
    device.set_type("vfio-pci-gk");  // a device of the guest's kernel, as upstream calls it
    device.add_options(pci.address + "=" + path);
  }
  co_return request;
}

asio::awaitable<void> Sandbox::grow_machine(grpc::LinuxResources resources) {
  const MachineSize wanted = machine_size(base_size_, resources, host_mib_);
  if (wanted.vcpus <= size_.vcpus && wanted.memory_mib <= size_.memory_mib) co_return;
  grpc::OnlineCPUMemRequest request;
  request.set_wait(true);
  request.set_cpu_only(true);
  if (wanted.memory_mib > size_.memory_mib) {
    hypervisor::GrownMemory grown = co_await vm_->grow_memory(wanted.memory_mib);
    size_.memory_mib = grown.mib;
    if (!grown.blocks.empty()) {
      grpc::MemHotplugByProbeRequest probe;
      for (const std::uint64_t block : grown.blocks) probe.add_mem_hotplug_probe_addr(block);
      co_await agent_->call<wire::Empty>("MemHotplugByProbe", std::move(probe));
    }
    request.set_cpu_only(false);
  }
  if (wanted.vcpus > size_.vcpus) {
    const std::uint32_t before = size_.vcpus;
    size_.vcpus = co_await vm_->grow_vcpus(wanted.vcpus);
    request.set_nb_cpus(size_.vcpus - before);
  }
  log::info("machine grown vcpus={} memory_mib={}", size_.vcpus, size_.memory_mib);
  co_await agent_->call<wire::Empty>("OnlineCPUMem", std::move(request));
}

asio::awaitable<void> Sandbox::update(std::string container_id, grpc::LinuxResources resources) {
  Container& target = created_container(container_id);
  if (target.init->status == ProcessStatus::stopped) {
    throw_error(Code::failed_precondition, "cannot update a container that is stopped");
  }
  complete_cpu_limit(resources, target.bundle.spec.linux().resources());
  if (container_id == options_.id) limit_machine(resources);
  co_await grow_machine(resources);
  grpc::UpdateContainerRequest request;
  request.set_container_id(container_id);
  *request.mutable_resources() = guest_resources(resources);
  co_await agent_->call<wire::Empty>("UpdateContainer", std::move(request));
  const auto it = containers_.find(container_id);  // it may have been removed meanwhile
  if (it == containers_.end() || resources.cpu().quota() == 0) co_return;
  grpc::LinuxCPU& kept =
      *it->second->bundle.spec.mutable_linux()->mutable_resources()->mutable_cpu();
  kept.set_quota(resources.cpu().quota());
  kept.set_period(resources.cpu().period());
}

}  // namespace kata::sandbox
