// SPDX-License-Identifier: Apache-2.0
//
// What the sandbox process needs of a virtual machine, whatever runs it. One implementation:
// QemuVm. All coroutines run on the one io_context that the machine was made with.
#pragma once

#include <sys/types.h>

#include <asio/awaitable.hpp>
#include <chrono>
#include <string>
#include <vector>

#include "runtime/base/fd.h"
#include "runtime/hypervisor/vm_config.h"

namespace kata::hypervisor {

/// The address of the agent in a machine: a connected byte stream, or a vsock address to connect
/// to.
inline constexpr std::uint32_t kAgentPort = 1024;

class Vm {
 public:
  Vm() = default;
  Vm(const Vm&) = delete;
  Vm& operator=(const Vm&) = delete;
  /// Kills what is left of the machine.
  virtual ~Vm() = default;

  /// Starts the machine cold, from its kernel. Returns when its processes run, not when the guest
  /// has booted. Throws Error with the program's last words when it ends at once.
  virtual asio::awaitable<void> start() = 0;
  /// The byte stream to the agent. By virtio-serial at once (what is written waits for the guest);
  /// by vsock when the guest listens. To be called once. Throws Error(deadline_exceeded), and
  /// Error(unavailable) when the machine has ended first.
  virtual asio::awaitable<UniqueFd> connect_agent(std::chrono::milliseconds deadline) = 0;

  /// Parked until the machine has ended; its exit status as a shell tells it. Any number of
  /// coroutines may wait.
  virtual asio::awaitable<int> wait_exit() = 0;
  /// Ends the machine and its helpers: one that writes to disks is asked to and killed after
  /// `grace`, another killed at once. Never throws for one that has ended.
  virtual asio::awaitable<void> stop(std::chrono::milliseconds grace) = 0;
  virtual asio::awaitable<void> pause() = 0;
  virtual asio::awaitable<void> resume() = 0;

  /// Brings the number of virtual CPUs to `count` (never fewer than now); the agent must bring them
  /// online. Returns what it became. Throws Error(failed_precondition) when the machine cannot.
  virtual asio::awaitable<std::uint32_t> grow_vcpus(std::uint32_t count) = 0;
  /// Brings the memory to at least `mib`, in steps of 128 MiB.
  virtual asio::awaitable<GrownMemory> grow_memory(std::uint32_t mib) = 0;
  virtual asio::awaitable<void> add_network(NetworkDevice device) = 0;
  virtual asio::awaitable<void> remove_network(const std::string& id) = 0;
  virtual asio::awaitable<void> add_block(BlockDevice device) = 0;
  virtual asio::awaitable<void> remove_block(const std::string& id) = 0;
  /// Hands a PCI device of the host over, by VFIO.
  virtual asio::awaitable<void> add_pci(PciDevice device) = 0;
  virtual asio::awaitable<void> remove_pci(const std::string& id) = 0;
  /// Where such a device is in the machine, as the agent's protocol writes it: "02/00".
  virtual asio::awaitable<std::string> pci_path(const std::string& id) = 0;

  /// 0 before start() and after the end.
  [[nodiscard]] virtual pid_t pid() const noexcept = 0;
  /// virtiofsd and such.
  [[nodiscard]] virtual std::vector<pid_t> helper_pids() const = 0;
  /// How the machine ended and the last words of its process; empty while it runs.
  [[nodiscard]] virtual std::string end_reason() const = 0;
  /// Last lines of the guest's console, control characters removed.
  [[nodiscard]] virtual std::string console_tail() const = 0;
};

}  // namespace kata::hypervisor
