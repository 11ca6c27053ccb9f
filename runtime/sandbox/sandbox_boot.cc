// SPDX-License-Identifier: Apache-2.0
//
// The first half of a sandbox's life: cgroup, network, machine.
#include <sys/random.h>
#include <unistd.h>

#include <algorithm>
#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/use_awaitable.hpp>
#include <span>

#include "runtime/base/error.h"
#include "runtime/base/log.h"
#include "runtime/base/path.h"
#include "runtime/base/runtime_folder.h"
#include "runtime/hypervisor/qemu_probe.h"
#include "runtime/hypervisor/qemu_vm.h"
#include "runtime/hypervisor/vm_plan.h"
#include "runtime/network/network_namespace.h"
#include "runtime/oci/spec.h"
#include "runtime/sandbox/host_limits.h"
#include "runtime/sandbox/sandbox.h"
#include "runtime/sandbox/sandbox_network.h"

namespace kata::sandbox {
namespace {

constexpr std::string_view kDebugConsoleSocket = "debug-console.sock";  // debug-console looks there

void fill_random(std::span<unsigned char> bytes) {
  if (::getrandom(bytes.data(), bytes.size(), 0) != static_cast<ssize_t>(bytes.size()))
    throw_error(Code::internal, "read random bytes");
}

/// A random address of one's own making: locally administered, unicast.
std::string make_mac() {
  unsigned char bytes[6];
  fill_random(bytes);
  bytes[0] = static_cast<unsigned char>((bytes[0] & 0xfc) | 0x02);
  return fmt::format("{:02x}:{:02x}:{:02x}:{:02x}:{:02x}:{:02x}", bytes[0], bytes[1], bytes[2],
                     bytes[3], bytes[4], bytes[5]);
}

/// A random UUID, version 4.
std::string make_uuid() {
  unsigned char bytes[16];
  fill_random(bytes);
  bytes[6] = static_cast<unsigned char>((bytes[6] & 0x0f) | 0x40);
  bytes[8] = static_cast<unsigned char>((bytes[8] & 0x3f) | 0x80);
  std::string text;
  for (std::size_t i = 0; i < sizeof bytes; ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10) text += '-';
    text += fmt::format("{:02x}", bytes[i]);
  }
  return text;
}

void check_takes_pci(const hypervisor::VmConfig& vm, const config::Config& config) {
  if (vm.machine == hypervisor::Machine::microvm)
    throw_error(Code::failed_precondition,
                "/dev/vfio: machine type microvm has no PCI bus; set machine_type = \"q35\"");
  if (config.runtime.vfio_mode != "guest-kernel")
    throw_error(
        Code::unimplemented,
        "/dev/vfio: vfio_mode = \"{}\": the guest's kernel has no VFIO; set \"guest-kernel\", "
        "which gives the device to a driver of that kernel",
        config.runtime.vfio_mode);
}

}  // namespace

/// The path of the scope that systemd has made; that which the engine named where there is none to
/// make: a plain path, or a host whose init is another.
std::string Sandbox::start_systemd_scope(const Container& first) {
  const std::string& named = first.bundle.spec.linux().cgroups_path();
  const std::optional<SystemdScope> scope = systemd_scope(named);
  const std::optional<std::string> bus = systemd_bus();
  if (!scope || !bus) return named;
  std::vector<pid_t> pids = {::getpid()};
  if (first.init->host_pid > 0) pids.push_back(first.init->host_pid);
  try {
    std::string path = start_scope(*bus, *scope, pids);
    scope_.emplace(*bus, *scope);
    return path;
  } catch (const Error& error) {
    log::warn("the cgroup is made without systemd, which may take controllers from it: {}",
              error.what());
    return named;
  }
}

void Sandbox::join_cgroup(const Container& first) {
  cgroup_ = HostCgroup::for_path(start_systemd_scope(first), first.id);
  try {
    in_context([&] { cgroup_->create(); }, "create the sandbox's cgroup");
  } catch (const Error& error) {
    if (!is_rootless()) throw;
    // The limits hold in the guest anyway; what QEMU itself takes is the user's account.
    log::warn("the machine runs without a cgroup of its own: {}", error.what());
    cgroup_.reset();
    return;
  }
  limit_machine(first.bundle.spec.linux().resources());
  cgroup_->add(::getpid());
  if (first.init->host_pid > 0) cgroup_->add(first.init->host_pid);
}

void Sandbox::limit_machine(const grpc::LinuxResources& resources) {
  if (!cgroup_) return;
  apply_host_limits(*cgroup_, resources);
  if (scope_) tell_limits(scope_->first, scope_->second, resources);
}

void Sandbox::open_network(const Container& first) {
  network_ = std::make_unique<Network>();
  const grpc::LinuxNamespace* space = oci::find_namespace(first.bundle.spec, "network");
  if (space == nullptr) {
    throw_error(Code::unimplemented,
                "the container asks for the host's network (no network namespace): a virtual "
                "machine has a network of its own; "
                "leave out --net=host");
  }
  std::string path = space->path();
  if (path.empty()) {
    if (first.init->host_pid == 0) {
      network_->space = network::create_network_namespace();
    } else {
      path = fmt::format("/proc/{}/ns/net", first.init->host_pid);
    }
  }
  if (!path.empty()) {
    if (network::is_host_namespace(path)) {
      throw_error(Code::unimplemented,
                  "network namespace {} is the host's: a virtual machine has a network of its own; "
                  "leave out --net=host",
                  path);
    }
    network_->space = network::open_network_namespace(path);
  }
}

void Sandbox::connect_network() {
  if (config_.runtime.internetworking_model == "none") return;
  network_->joined = network::connect_endpoints(network_->space.get(), endpoint_options(config_),
                                                network_->spare ? network_->spare->name : "");
}

/// Docker's hook fills the network namespace, and takes as long as a good part of the guest's
/// boot: the machine need not wait for it when one interface can be expected.
bool Sandbox::may_start_early(const Container& first) const {
  const grpc::Hooks& hooks = first.bundle.spec.hooks();
  return !(hooks.prestart().empty() && hooks.create_runtime().empty()) &&
         config_.runtime.internetworking_model != "none" &&
         !network::has_endpoints(network_->space.get());
}

asio::awaitable<void> Sandbox::boot(const Container& first) {
  join_cgroup(first);
  in_context([&] { open_network(first); }, "open the network namespace");
  const bool early = may_start_early(first);
  if (early) {
    network_->spare = network::make_spare_tap(network_->space.get(), endpoint_options(config_));
    network_->spare_mac = make_mac();
    co_await start_machine(first);
  }
  run_create_hooks(first);
  in_context([&] { connect_network(); }, "connect the network");
  if (early && !network_->joined.took_spare) {
    // No interface, or several: the machine that is starting has one card.
    co_await vm_->stop(kQuitGrace);
    vm_.reset();
    network_->spare.reset();
  }
  if (!vm_) co_await start_machine(first);
  asio::co_spawn(io_, watch_machine(), asio::detached);
  UniqueFd connection = co_await connect_agent();
  agent_ =
      std::make_shared<AgentClient>(io_.get_executor(), std::move(connection), options_.deadlines);
}

asio::awaitable<void> Sandbox::start_machine(const Container& first) {
  const hypervisor::HostProbe host =
      hypervisor::probe_host(runner_, {.qemu_path = config_.hypervisor.path,
                                       .virtiofsd_path = config_.hypervisor.virtio_fs_daemon,
                                       .cache_dir = config_.runtime.state_dir});
  hypervisor::VmPlan plan = hypervisor::plan_vm(config_, host);
  for (const hypervisor::Finding& choice : plan.choices) {
    log::info("choice {}=\"{}\" reason=\"{}\"", choice.name, choice.value, choice.reason);
  }
  hypervisor::VmConfig& vm = plan.vm;
  vm.id = options_.id;
  vm.uuid = make_uuid();
  vm.shared.path = shared_->path();
  vm.shared.socket_folder = options_.folder;
  if (config_.agent.debug_console_enabled)
    vm.debug_console = join_path(options_.folder, kDebugConsoleSocket);
  vm.shared.tag = std::string(kShareTag);
  host_mib_ = host.memory_mib;
  base_size_ = {.vcpus = vm.vcpus, .memory_mib = vm.memory_mib};
  size_ = machine_size(base_size_, first.bundle.spec.linux().resources(), host_mib_);
  size_.vcpus = std::min(size_.vcpus, std::max(vm.max_vcpus, vm.vcpus));
  vm.vcpus = size_.vcpus;
  vm.max_vcpus = std::max(vm.max_vcpus, vm.vcpus);
  vm.memory_mib = size_.memory_mib;
  if (network_->spare) {
    vm.networks.push_back({.id = "net0",
                           .mac = network_->spare_mac,
                           .tap_fds = std::move(network_->spare->tap_fds),
                           .vhost_fds = std::move(network_->spare->vhost_fds)});
  }
  for (network::Endpoint& endpoint : network_->joined.endpoints) {
    vm.networks.push_back({.id = fmt::format("net{}", vm.networks.size()),
                           .mac = network::to_string(endpoint.mac),
                           .mtu = endpoint.mtu,
                           .tap_fds = std::move(endpoint.tap_fds),
                           .vhost_fds = std::move(endpoint.vhost_fds)});
  }
  for (const HostDisk& disk : first.disks) vm.disks.push_back(disk.disk);
  vm.pci_devices = first.pci_devices;
  if (!vm.pci_devices.empty()) check_takes_pci(vm, config_);
  description_ =
      fmt::format("{} {} {}", hypervisor::to_string(vm.accelerator),
                  hypervisor::to_string(vm.machine), hypervisor::to_string(vm.shared.kind));
  network_->shared_fs = vm.shared.kind;
  network_->msize = vm.shared.msize;

  vm_ = options_.make_machine(io_, std::move(vm), {.on_console_line = [](std::string_view line) {
                                log::debug("guest: {}", line);
                              }});
  co_await vm_->start();
}

}  // namespace kata::sandbox
