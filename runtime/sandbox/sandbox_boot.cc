// SPDX-License-Identifier: Apache-2.0
//
// The first half of a sandbox's life: cgroup, hooks, network, machine, guest.
#include <sys/random.h>
#include <unistd.h>

#include <algorithm>
#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/steady_timer.hpp>
#include <asio/use_awaitable.hpp>
#include <cstdlib>
#include <span>

#include "runtime/base/error.h"
#include "runtime/base/log.h"
#include "runtime/base/path.h"
#include "runtime/base/runtime_folder.h"
#include "runtime/config/annotations.h"
#include "runtime/config/load.h"
#include "runtime/hypervisor/boot_failure.h"
#include "runtime/hypervisor/qemu_probe.h"
#include "runtime/hypervisor/qemu_vm.h"
#include "runtime/hypervisor/vm_plan.h"
#include "runtime/network/network_namespace.h"
#include "runtime/network/wire_conversion.h"
#include "runtime/oci/hooks.h"
#include "runtime/oci/spec.h"
#include "runtime/sandbox/dns_relay.h"
#include "runtime/sandbox/guest_modules.h"
#include "runtime/sandbox/host_limits.h"
#include "runtime/sandbox/network_requests.h"
#include "runtime/sandbox/sandbox.h"
#include "runtime/sandbox/sandbox_network.h"

namespace kata::sandbox {
namespace {

constexpr std::string_view kDebugConsoleSocket = "debug-console.sock";  // debug-console looks there
constexpr auto kEndReasonGrace = std::chrono::milliseconds(1000);
constexpr auto kEndReasonStep = std::chrono::milliseconds(10);

config::Config load_configuration(const SandboxOptions& options, const grpc::Spec& spec) {
  const config::Config config =
      config::load_config(config::sources_from_environment(options.config_flag));
  return config::apply_annotations(config, {spec.annotations().begin(), spec.annotations().end()});
}

network::EndpointOptions endpoint_options(const config::Config& config) {
  return {.vhost = !config.hypervisor.disable_vhost_net};
}

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

}  // namespace

void Sandbox::join_cgroup(const Container& first) {
  cgroup_ = HostCgroup::for_path(first.bundle.spec.linux().cgroups_path(), first.id);
  try {
    in_context([&] { cgroup_->create(); }, "create the sandbox's cgroup");
  } catch (const Error& error) {
    if (!is_rootless()) throw;
    // The limits hold in the guest anyway; what QEMU itself takes is the user's account.
    log::warn("the machine runs without a cgroup of its own: {}", error.what());
    cgroup_.reset();
    return;
  }
  apply_host_limits(*cgroup_, first.bundle.spec.linux().resources());
  cgroup_->add(::getpid());
  if (first.init->host_pid > 0) cgroup_->add(first.init->host_pid);
}

void Sandbox::run_create_hooks(const Container& container) {
  const grpc::Hooks& hooks = container.bundle.spec.hooks();
  if (hooks.prestart().empty() && hooks.create_runtime().empty()) return;
  const std::string state = state_for_hooks(container, oci::Status::creating);
  oci::run_hooks(runner_, hooks.prestart(), state, "prestart");
  oci::run_hooks(runner_, hooks.create_runtime(), state, "createRuntime");
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
  UniqueFd connection =
      co_await vm_->connect_agent(std::chrono::seconds(config_.agent.dial_timeout));
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
  if (config_.agent.debug_console_enabled)
    vm.debug_console = join_path(options_.folder, kDebugConsoleSocket);
  vm.shared.tag = std::string(kShareTag);
  base_size_ = {.vcpus = vm.vcpus, .memory_mib = vm.memory_mib};
  size_ = machine_size(base_size_, first.bundle.spec.linux().resources());
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

/// A machine's connections close a moment before it is known how it ended.
asio::awaitable<void> Sandbox::wait_for_end_reason() {
  asio::steady_timer timer(io_);
  for (auto waited = std::chrono::milliseconds(0);
       vm_->end_reason().empty() && waited < kEndReasonGrace; waited += kEndReasonStep) {
    timer.expires_after(kEndReasonStep);
    co_await timer.async_wait(asio::use_awaitable);
  }
}

void Sandbox::throw_guest_silent(const std::string& failure, bool was_closed) const {
  const std::string tail = vm_->console_tail();
  const std::string end = vm_->end_reason();
  const std::string console =
      tail.empty() ? "; its console is empty" : "; last lines of its console:\n" + tail;
  const std::string why = hypervisor::explain_boot_failure(tail, config_.hypervisor);
  if (!end.empty()) {
    throw_error(Code::unavailable, "the virtual machine ended before its agent answered ({}): {}{}",
                end, why, console);
  }
  if (was_closed) {
    throw_error(Code::unavailable, "the guest's agent broke off the connection ({}): {}{}", failure,
                why, console);
  }
  throw_error(Code::deadline_exceeded,
              "the guest's agent did not answer within {} s ({}): {}; or raise dial_timeout in "
              "[agent.kata]{}",
              config_.agent.dial_timeout, failure, why, console);
}

asio::awaitable<void> Sandbox::set_up_guest(const Container& first) {
  grpc::CreateSandboxRequest request;
  request.set_sandbox_id(options_.id);
  request.set_hostname(first.bundle.spec.hostname());
  request.set_guest_hook_path(config_.hypervisor.guest_hook_path);
  add_kernel_modules(config_.agent.kernel_modules, request);
  if (network_->shared_fs != hypervisor::SharedFs::none) {
    grpc::Storage& storage = *request.add_storages();
    const bool virtio_fs = network_->shared_fs == hypervisor::SharedFs::virtio_fs;
    storage.set_driver(virtio_fs ? "virtio-fs" : "9p");
    storage.set_source(std::string(kShareTag));
    storage.set_fstype(virtio_fs ? "virtiofs" : "9p");
    storage.set_mount_point(std::string(kGuestShared));
    storage.add_options("nodev");
    if (!virtio_fs) {
      for (const std::string& option :
           {std::string("trans=virtio"), std::string("version=9p2000.L"), std::string("cache=mmap"),
            fmt::format("msize={}", network_->msize)}) {
        storage.add_options(option);
      }
    }
  }
  const auto deadline = std::chrono::seconds(config_.agent.dial_timeout);
  std::string failure;
  bool closed = false;
  try {
    co_await agent_->call<wire::Empty>("CreateSandbox", std::move(request), deadline);
  } catch (const Error& error) {
    failure = error.what();
    closed = error.code() == Code::unavailable;
    if (error.code() != Code::deadline_exceeded && error.code() != Code::unavailable) throw;
  }
  if (closed) co_await wait_for_end_reason();
  if (!failure.empty()) throw_guest_silent(failure, closed);

  grpc::SetGuestDateTimeRequest clock;
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  clock.set_sec(std::chrono::duration_cast<std::chrono::seconds>(now).count());
  clock.set_usec(std::chrono::duration_cast<std::chrono::microseconds>(now).count() % 1000000);
  co_await agent_->call<wire::Empty>("SetGuestDateTime", std::move(clock));

  constexpr std::size_t kEntropyBytes = 64;
  std::string entropy(kEntropyBytes, '\0');
  if (::getrandom(entropy.data(), entropy.size(), 0) == static_cast<ssize_t>(entropy.size())) {
    grpc::ReseedRandomDevRequest reseed;
    reseed.set_data(std::move(entropy));
    co_await agent_->call<wire::Empty>("ReseedRandomDev", std::move(reseed));
  }
  co_await set_up_guest_network();
}

asio::awaitable<void> Sandbox::set_up_guest_network() {
  for (const network::Endpoint& endpoint : network_->joined.endpoints) {
    grpc::UpdateInterfaceRequest request;
    *request.mutable_interface() = network::interface_to_proto(endpoint);
    if (network_->joined.took_spare)
      request.mutable_interface()->set_current_hw_addr(network_->spare_mac);
    co_await agent_->call<types::Interface>("UpdateInterface", std::move(request));
  }
  if (!network_->joined.config.routes.empty()) {
    co_await agent_->call<grpc::Routes>("UpdateRoutes", routes_request(network_->joined.config));
  }
  if (!network_->joined.config.neighbours.empty()) {
    co_await agent_->call<wire::Empty>("AddARPNeighbors",
                                       neighbours_request(network_->joined.config));
  }
}

/// The engine changes the namespace without a word to the runtime.
void Sandbox::follow_network() {
  relay_names();
  if (config_.runtime.internetworking_model == "none") return;
  try {
    network_->follower = std::make_shared<NetworkFollower>(
        io_.get_executor(), *vm_, agent_, network_->space.duplicate(), endpoint_options(config_),
        network_->joined);
  } catch (const Error& error) {
    log::warn("networks that are connected from now on do not reach the guest: {}", error.what());
    return;
  }
  network_->follower->on_change = [this] { relay_names(); };
  asio::co_spawn(io_, network_->follower->run(), asio::detached);
}

/// Docker's resolver is there as soon as one network is a user's.
void Sandbox::relay_names() {
  if (!network_ || network_->relays_names) return;
  for (const auto& [id, container] : containers_) {
    const std::string resolver = loopback_resolver(container->bundle.spec);
    if (resolver.empty()) continue;
    network_->relays_names = true;
    asio::co_spawn(io_, relay_dns(agent_, network_->space.duplicate(), resolver), asio::detached);
    return;
  }
}

asio::awaitable<void> Sandbox::create(CreateRequest request) {
  if (containers_.contains(request.id))
    throw_error(Code::already_exists, "container with id exists: {}", request.id);
  if (ended_) throw_error(Code::failed_precondition, "the sandbox's machine has ended");
  if (!containers_.empty() && !booted_) {
    throw_error(Code::failed_precondition,
                "the virtual machine that {} is to join is still starting; try again", request.id);
  }
  const auto owned = std::make_shared<Container>();
  Container& container = *owned;
  container.id = request.id;
  container.bundle = oci::load_bundle(request.bundle);
  oci::validate_spec(container.bundle.spec);
  oci::check_namespace_paths(container.bundle.spec, !containers_.empty());
  container.disks = host_disks(container.bundle.spec);
  for (HostDisk& disk : container.disks) disk.disk.id = fmt::format("disk{}", next_disk_++);
  container.init = std::make_shared<Process>(io_.get_executor(), "");
  container.init->terminal = request.terminal;
  container.init->stdin_path = request.stdin_path;
  container.init->stdout_path = request.stdout_path;
  container.init->stderr_path = request.stderr_path;
  container.init->fds = std::move(request.fds);
  const bool is_first = containers_.empty();
  containers_[request.id] = owned;
  if (request.relay_pid > 0) attach_relay(request.id, "", request.relay_pid);

  std::exception_ptr failure;
  try {
    mount_rootfs(request, container);
    if (is_first) {
      config_ = load_configuration(options_, container.bundle.spec);
      shared_ = std::make_unique<SharedFolder>(options_.folder);
      co_await boot(container);
    } else {
      if (cgroup_ && container.init->host_pid > 0) cgroup_->add(container.init->host_pid);
      run_create_hooks(container);
    }
    if (is_first) {
      co_await set_up_guest(container);
    } else {
      co_await plug_disks(container);
    }
    co_await create_in_guest(container, request.terminal);
    if (is_first) {
      booted_ = true;
      asio::co_spawn(io_, watch_memory(), asio::detached);
      follow_network();
    }
  } catch (...) {
    failure = std::current_exception();
  }
  if (!failure) {
    emit({.kind = Event::Kind::create,
          .container_id = request.id,
          .exec_id = "",
          .pid = static_cast<std::uint32_t>(pid_of(*container.init))});
    co_return;
  }
  if (is_first) {
    co_await shut_down();
  } else {
    release_host_side(container);
    co_await unplug_disks(container);
  }
  // Their way out is that of a container that has ended; see OCI runtime-spec, runtime, Lifecycle.
  oci::run_hooks_leniently(runner_, container.bundle.spec.hooks().poststop(),
                           state_for_hooks(container, oci::Status::stopped), "poststop");
  containers_.erase(request.id);
  std::rethrow_exception(failure);
}

}  // namespace kata::sandbox
