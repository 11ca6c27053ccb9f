// SPDX-License-Identifier: Apache-2.0
//
// Devices, CPUs and memory added to a running machine, as QMP dialogues: no process, so a test can
// script the other side.
#pragma once

#include <asio/awaitable.hpp>
#include <cstdint>
#include <map>
#include <string>

#include "runtime/hypervisor/qmp_client.h"
#include "runtime/hypervisor/vm_config.h"

namespace kata::hypervisor {

class QemuHotplug {
 public:
  /// `config` must outlive the object and says what the machine was started with.
  QemuHotplug(QmpClient& qmp, const VmConfig& config);

  asio::awaitable<std::uint32_t> grow_vcpus(std::uint32_t count);
  asio::awaitable<GrownMemory> grow_memory(std::uint32_t mib);
  asio::awaitable<void> add_network(NetworkDevice device);
  asio::awaitable<void> remove_network(const std::string& id);
  asio::awaitable<void> add_block(BlockDevice device);
  asio::awaitable<void> remove_block(const std::string& id);
  asio::awaitable<void> add_pci(PciDevice device);
  asio::awaitable<void> remove_pci(const std::string& id);
  asio::awaitable<std::string> pci_path(const std::string& id);

 private:
  /// A free root port, or Error(resource_exhausted) that says which setting gives more.
  std::string take_port(const std::string& device);
  void release_port(const std::string& device);
  asio::awaitable<void> execute_leniently(std::string command, Json arguments);
  /// False when the guest is busy with the device, just plugged as it is: ask again.
  asio::awaitable<bool> ask_for_device(const std::string& device);
  asio::awaitable<void> remove_device(const std::string& device);

  QmpClient& qmp_;
  const VmConfig& config_;
  std::uint32_t memory_mib_;
  std::uint32_t plugged_memories_ = 0;
  std::map<std::string, std::string> ports_;  ///< device -> port
};

}  // namespace kata::hypervisor
