// SPDX-License-Identifier: Apache-2.0
#include "runtime/hypervisor/qemu_hotplug.h"

#include <algorithm>
#include <asio/steady_timer.hpp>
#include <asio/this_coro.hpp>
#include <asio/use_awaitable.hpp>

#include "runtime/base/error.h"
#include "runtime/base/log.h"
#include "runtime/hypervisor/qemu_pci.h"

namespace kata::hypervisor {
namespace {

constexpr std::uint64_t kGib = std::uint64_t{1} << 30;
constexpr std::uint32_t kMemoryStepMib = 128;  // the guest's memory block size on x86_64
constexpr auto kUnplugPoll = std::chrono::milliseconds(50);
constexpr int kUnplugPolls = 200;
constexpr int kAskAgain = 40;  // polls

std::string device_id(const std::string& id) { return "dev-" + id; }

/// A list of CPUs as query-hotpluggable-cpus tells them, those not plugged yet.
std::vector<Json> free_cpus(const Json& cpus) {
  std::vector<Json> result;
  if (!cpus.is_array()) throw_error(Code::data_loss, "query-hotpluggable-cpus answered no list");
  for (const Json& cpu : cpus) {
    const bool is_complete = cpu.is_object() && cpu.contains("type") && cpu["type"].is_string() &&
                             cpu.contains("props") && cpu["props"].is_object();
    if (is_complete && !cpu.contains("qom-path")) result.push_back(cpu);
  }
  return result;
}

// GCC 12 miscompiles initialiser lists inside coroutines, so the arguments are built outside of
// them.
Json by_id(const std::string& id) { return {{"id", id}}; }

Json by_fd_name(const std::string& name) { return {{"fdname", name}}; }

Json by_node(const std::string& name) { return {{"node-name", name}}; }

Json memory_object(const std::string& name, std::uint32_t mib, bool shared) {
  return {{"qom-type", shared ? "memory-backend-memfd" : "memory-backend-ram"},
          {"id", name},
          {"size", std::uint64_t{mib} << 20},
          {"share", shared}};
}

/// `address` 0: where QEMU likes.
Json memory_device(const std::string& name, std::uint64_t address) {
  Json device = {{"driver", "pc-dimm"}, {"id", "dimm-" + name}, {"memdev", name}};
  if (address != 0) device["addr"] = address;
  return device;
}

/// Where q35 begins to plug memory in; see pc_get_device_memory_range() of QEMU's hw/i386/pc.c and
/// pc_q35_init().
std::uint64_t plugged_memory_base(std::uint64_t memory) {
  constexpr std::uint64_t kMostBelow4Gib = 0xb0000000;
  const std::uint64_t below = memory >= kMostBelow4Gib ? 2 * kGib : memory;
  return (4 * kGib + memory - below + kGib - 1) / kGib * kGib;
}

/// Where a device of query-memory-devices lies, block by block. The guest trusts these numbers as
/// it trusts QEMU.
std::vector<std::uint64_t> blocks_of(const Json& devices, const std::string& id) {
  constexpr std::uint64_t kBlock = std::uint64_t{kMemoryStepMib} << 20;
  std::vector<std::uint64_t> blocks;
  if (!devices.is_array()) throw_error(Code::data_loss, "query-memory-devices answered no list");
  for (const Json& device : devices) {
    const Json data = device.is_object() ? device.value("data", Json()) : Json();
    if (!data.is_object() || data.value("id", Json()) != id) continue;
    const Json address = data.value("addr", Json());
    const Json size = data.value("size", Json());
    if (!address.is_number_unsigned() || !size.is_number_unsigned()) break;
    for (std::uint64_t at = 0; at < size.get<std::uint64_t>(); at += kBlock)
      blocks.push_back(address.get<std::uint64_t>() + at);
  }
  if (blocks.empty()) throw_error(Code::data_loss, "QEMU does not tell where its {} lies", id);
  return blocks;
}

std::string names_joined(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names) text += (text.empty() ? "" : ":") + name;
  return text;
}

Json network_backend(const std::string& id, const std::vector<std::string>& taps,
                     const std::vector<std::string>& vhosts) {
  const bool many = taps.size() > 1;
  Json backend = {{"type", "tap"}, {"id", id}, {many ? "fds" : "fd", names_joined(taps)}};
  if (!vhosts.empty()) {
    backend["vhost"] = true;
    backend[many ? "vhostfds" : "vhostfd"] = names_joined(vhosts);
  }
  return backend;
}

Json network_card(const NetworkDevice& device, const std::string& port, std::size_t queues) {
  Json card = {{"driver", "virtio-net-pci"},
               {"id", device_id(device.id)},
               {"netdev", device.id},
               {"mac", device.mac},
               {"bus", port},
               {"status", false},  // as at the start, see qemu_command_line.cc
               {"romfile", ""}};
  if (queues > 1) {
    card["mq"] = true;
    card["vectors"] = 2 * queues + 2;
  }
  return card;
}

Json block_backend(const BlockDevice& device, const std::string& aio) {
  const Json cache = {{"direct", device.direct}};
  const Json file = {{"driver", device.is_device ? "host_device" : "file"},
                     {"filename", device.path},
                     {"aio", aio},
                     {"cache", cache}};
  return {{"node-name", device.id},
          {"driver", device.format},
          {"read-only", device.read_only},
          {"cache", cache},
          {"file", file}};
}

Json block_device(const BlockDevice& device, const std::string& port) {
  return {{"driver", "virtio-blk-pci"},
          {"id", device_id(device.id)},
          {"drive", device.id},
          {"serial", device.id.substr(0, 20)},
          {"bus", port}};
}

Json passed_device(const PciDevice& device, const std::string& port) {
  return {{"driver", "vfio-pci"},
          {"id", device_id(device.id)},
          {"host", device.address},
          {"bus", port}};
}

Json peripherals() { return {{"path", "/machine/peripheral"}}; }

bool lists_device(const Json& devices, const std::string& device) {
  return std::any_of(devices.begin(), devices.end(), [&](const Json& entry) {
    // Compared as a value: a name that is no text equals none.
    return entry.is_object() && entry.value("name", Json()) == device;
  });
}

}  // namespace

QemuHotplug::QemuHotplug(QmpClient& qmp, const VmConfig& config)
    : qmp_(qmp), config_(config), memory_mib_(config.memory_mib) {}

std::string QemuHotplug::take_port(const std::string& device) {
  if (config_.machine == Machine::microvm) {
    throw_error(Code::failed_precondition,
                "add {}: machine type microvm cannot take devices while it runs; use q35", device);
  }
  for (std::uint32_t i = 0; i < config_.hotplug_ports; ++i) {
    const std::string port = fmt::format("port{}", i);
    const bool is_taken = std::any_of(ports_.begin(), ports_.end(),
                                      [&](const auto& entry) { return entry.second == port; });
    if (is_taken) continue;
    ports_[device] = port;
    return port;
  }
  if (config_.hotplug_ports == 0) {
    throw_error(Code::failed_precondition,
                "add {}: the machine has no PCIe root port for it; see pcie_root_port and "
                "static_sandbox_resource_mgmt in the configuration",
                device);
  }
  throw_error(
      Code::resource_exhausted,
      "add {}: all {} PCIe root ports are in use; raise pcie_root_port in the configuration",
      device, config_.hotplug_ports);
}

void QemuHotplug::release_port(const std::string& device) { ports_.erase(device); }

asio::awaitable<std::uint32_t> QemuHotplug::grow_vcpus(std::uint32_t count) {
  if (!config_.acpi) co_return std::min(count, config_.max_vcpus);  // they are there already
  const Json all = co_await qmp_.execute("query-hotpluggable-cpus");
  std::vector<Json> candidates = free_cpus(all);
  // QEMU lists the highest number first.
  std::reverse(candidates.begin(), candidates.end());
  std::uint32_t present = static_cast<std::uint32_t>(all.size() - candidates.size());
  for (const Json& cpu : candidates) {
    if (present >= count) break;
    Json arguments = cpu["props"];
    arguments["driver"] = cpu["type"];
    arguments["id"] = fmt::format("cpu-{}", present);
    co_await qmp_.execute("device_add", std::move(arguments));
    ++present;
  }
  co_return present;
}

asio::awaitable<GrownMemory> QemuHotplug::grow_memory(std::uint32_t mib) {
  GrownMemory grown;
  grown.mib = memory_mib_;
  if (mib <= memory_mib_) co_return grown;
  const std::uint32_t more =
      (mib - memory_mib_ + kMemoryStepMib - 1) / kMemoryStepMib * kMemoryStepMib;
  const bool can = config_.machine == Machine::q35 && plugged_memories_ < config_.memory_slots &&
                   memory_mib_ + more <= config_.max_memory_mib;
  if (!can) {
    throw_error(
        Code::failed_precondition,
        "grow the machine's memory from {} to {} MiB: it was started with at most {} MiB in {} "
        "slots; see default_maxmemory and memory_slots",
        memory_mib_, mib, config_.max_memory_mib, config_.memory_slots);
  }
  const std::string name = fmt::format("mem{}", ++plugged_memories_);
  const bool shared = config_.shared.kind == SharedFs::virtio_fs;
  co_await qmp_.execute("object-add", memory_object(name, more, shared));
  std::uint64_t address = 0;
  if (!config_.acpi) {
    // A kernel without ACPI does not know that place, and puts the 64-bit registers of PCI devices
    // there. They take a few megabytes; QEMU leaves a gigabyte of room for each slot.
    const std::uint64_t plugged = std::uint64_t{memory_mib_ - config_.memory_mib} << 20;
    address = plugged_memory_base(std::uint64_t{config_.memory_mib} << 20) + kGib + plugged;
  }
  co_await qmp_.execute("device_add", memory_device(name, address));
  memory_mib_ += more;
  grown.mib = memory_mib_;
  if (!config_.acpi) {
    const Json devices = co_await qmp_.execute("query-memory-devices");
    grown.blocks = blocks_of(devices, "dimm-" + name);
  }
  co_return grown;
}

asio::awaitable<void> QemuHotplug::add_network(NetworkDevice device) {
  const std::string name = device_id(device.id);
  const std::string port = take_port(name);
  std::vector<std::string> taps;
  std::vector<std::string> vhosts;
  std::string failure;
  bool has_backend = false;
  try {
    for (const UniqueFd& fd : device.tap_fds) {
      taps.push_back(fmt::format("{}-tap{}", device.id, taps.size()));
      co_await qmp_.send_fd(taps.back(), fd.get());
    }
    for (const UniqueFd& fd : device.vhost_fds) {
      vhosts.push_back(fmt::format("{}-vhost{}", device.id, vhosts.size()));
      co_await qmp_.send_fd(vhosts.back(), fd.get());
    }
    co_await qmp_.execute("netdev_add", network_backend(device.id, taps, vhosts));
    has_backend = true;
    co_await qmp_.execute("device_add", network_card(device, port, taps.size()));
  } catch (const Error& error) {
    release_port(name);
    failure = error.what();
  }
  if (failure.empty()) co_return;
  // Else the name stays taken, or QEMU keeps the descriptors: the tap would outlive its interface.
  if (has_backend) {
    co_await execute_leniently("netdev_del", by_id(device.id));
  } else {
    taps.insert(taps.end(), vhosts.begin(), vhosts.end());
    for (const std::string& fd : taps) co_await execute_leniently("closefd", by_fd_name(fd));
  }
  throw_error(Code::internal, "add network device {}: {}", device.id, failure);
}

asio::awaitable<void> QemuHotplug::execute_leniently(std::string command, Json arguments) {
  try {
    co_await qmp_.execute(command, std::move(arguments));
  } catch (const Error& error) {
    log::debug("undoing a step command={} error=\"{}\"", command, error.what());
  }
}

asio::awaitable<bool> QemuHotplug::ask_for_device(const std::string& device) {
  try {
    co_await qmp_.execute("device_del", by_id(device));
  } catch (const Error& error) {
    // QEMU refuses as long as the power indicator of the device's slot blinks.
    if (std::string_view(error.what()).find("guest is busy") == std::string_view::npos) throw;
    co_return false;
  }
  co_return true;
}

asio::awaitable<void> QemuHotplug::remove_device(const std::string& device) {
  bool is_asked = co_await ask_for_device(device);
  // The guest must let go of it; DEVICE_DELETED comes then. Asking again for the device tells the
  // same without an event.
  asio::steady_timer timer(co_await asio::this_coro::executor);
  for (int i = 0; i < kUnplugPolls; ++i) {
    // A guest that had not seen the device yet did not see the request either.
    if (!is_asked)
      is_asked = co_await ask_for_device(device);
    else if (i > 0 && i % kAskAgain == 0)
      co_await execute_leniently("device_del", by_id(device));
    const Json devices = co_await qmp_.execute("qom-list", peripherals());
    if (!lists_device(devices, device)) {
      release_port(device);
      co_return;
    }
    timer.expires_after(kUnplugPoll);
    co_await timer.async_wait(asio::use_awaitable);
  }
  throw_error(Code::deadline_exceeded, "the guest does not let go of device {}", device);
}

asio::awaitable<void> QemuHotplug::remove_network(const std::string& id) {
  co_await remove_device(device_id(id));
  co_await qmp_.execute("netdev_del", by_id(id));
}

asio::awaitable<void> QemuHotplug::add_block(BlockDevice device) {
  const std::string name = device_id(device.id);
  const std::string port = take_port(name);
  std::string failure;
  try {
    co_await qmp_.execute("blockdev-add", block_backend(device, config_.block_aio));
    co_await qmp_.execute("device_add", block_device(device, port));
  } catch (const Error& error) {
    release_port(name);
    failure = error.what();
  }
  if (!failure.empty()) throw_error(Code::internal, "add disk {}: {}", device.path, failure);
}

asio::awaitable<void> QemuHotplug::remove_block(const std::string& id) {
  co_await remove_device(device_id(id));
  // QEMU tells the device's end a moment before it lets go of the node.
  asio::steady_timer timer(co_await asio::this_coro::executor);
  for (int tries = 0;; ++tries) {
    bool in_use = false;
    try {
      co_await qmp_.execute("blockdev-del", by_node(id));
    } catch (const Error& error) {
      in_use = std::string_view(error.what()).find("is in use") != std::string_view::npos;
      if (!in_use || tries == kUnplugPolls) throw;
    }
    if (!in_use) co_return;
    timer.expires_after(kUnplugPoll);
    co_await timer.async_wait(asio::use_awaitable);
  }
}

asio::awaitable<void> QemuHotplug::add_pci(PciDevice device) {
  const std::string name = device_id(device.id);
  const std::string port = take_port(name);
  std::string failure;
  try {
    co_await qmp_.execute("device_add", passed_device(device, port));
  } catch (const Error& error) {
    release_port(name);
    failure = error.what();
  }
  if (!failure.empty()) {
    throw_error(Code::internal, "hand PCI device {} over to the machine: {}", device.address,
                failure);
  }
}

asio::awaitable<void> QemuHotplug::remove_pci(const std::string& id) {
  co_await remove_device(device_id(id));
}

asio::awaitable<std::string> QemuHotplug::pci_path(const std::string& id) {
  const Json buses = co_await qmp_.execute("query-pci");
  co_return pci_path_of(buses, device_id(id));
}

}  // namespace kata::hypervisor
