// SPDX-License-Identifier: Apache-2.0
#include <sys/stat.h>

#include <asio/awaitable.hpp>
#include <asio/steady_timer.hpp>
#include <asio/use_awaitable.hpp>
#include <charconv>
#include <chrono>
#include <type_traits>

#include "agent.pb.h"
#include "runtime/agent/container/guest_devices.h"
#include "runtime/agent/container/guest_hooks.h"
#include "runtime/agent/machine/pci_device.h"
#include "runtime/agent/rpc/services.h"
#include "runtime/agent/storage/block_device.h"
#include "runtime/base/io.h"
#include "runtime/base/log.h"
#include "runtime/base/path.h"
#include "runtime/base/scope_exit.h"
#include "runtime/base/text.h"

namespace kata::agent {
namespace {

using wire::Empty;

constexpr int kMaxContainerStorages = 1024;
constexpr int kMaxContainerDevices = 256;

/// What `find` gives; a hot-plugged device shows up a moment after the host has added it.
template <typename Find>
asio::awaitable<std::invoke_result_t<Find>> when_there(Sandbox& sandbox, Find find) {
  constexpr int kTries = 100;
  constexpr std::chrono::milliseconds kPause(50);
  for (int i = 0;; ++i) {
    try {
      co_return find();
    } catch (const Error& error) {
      if (error.code() != Code::not_found || i >= kTries) throw;
    }
    asio::steady_timer timer(sandbox.executor(), kPause);
    co_await timer.async_wait(asio::use_awaitable);
  }
}

dev_t number_of_disk(const std::string& source) {
  const std::string path = find_block_device(source);
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) throw_error(Code::not_found, "no block device {}", path);
  return status.st_rdev;
}

/// "HOST-ADDRESS=PCI-PATH", as upstream's runtime names it.
std::string pci_path_in(const grpc::Device& device) {
  if (device.options_size() == 0)
    throw_error(Code::invalid_argument, "device {} has no PCI path", device.id());
  const std::string& option = device.options(0);
  return option.substr(option.find('=') + 1);
}

asio::awaitable<void> settle_devices_of(Sandbox& sandbox, grpc::CreateContainerRequest& request) {
  for (const grpc::Device& device : request.devices()) {
    if (device.type() == "blk") {
      const dev_t number =
          co_await when_there(sandbox, [&] { return number_of_disk(device.id()); });
      renumber_device(*request.mutable_oci(), device.container_path(), number);
    } else if (device.type() == "vfio-pci-gk") {
      const std::string path = pci_path_in(device);
      const std::string address =
          co_await when_there(sandbox, [&] { return find_pci_device(path); });
      log::info("device of the host host={} here={}", device.options(0), address);
    }
  }
  settle_devices(*request.mutable_oci());
}

void check_creation(Sandbox& sandbox, const grpc::CreateContainerRequest& request) {
  const std::string& id = request.container_id();
  check_container_id(id);
  if (sandbox.has_container(id)) throw_error(Code::already_exists, "container {} exists", id);
  if (sandbox.container_ids().size() >= Sandbox::kMaxContainers) {
    throw_error(Code::resource_exhausted, "more than {} containers", Sandbox::kMaxContainers);
  }
  if (!request.has_oci()) throw_error(Code::invalid_argument, "container {} has no spec", id);
  if (request.storages_size() > kMaxContainerStorages) {
    throw_error(Code::resource_exhausted, "container {} has more than {} storages", id,
                kMaxContainerStorages);
  }
  if (request.devices_size() > kMaxContainerDevices) {
    throw_error(Code::resource_exhausted, "container {} has more than {} devices", id,
                kMaxContainerDevices);
  }
}

Empty make_container(Sandbox& sandbox, const grpc::CreateContainerRequest& request) {
  const std::string& id = request.container_id();
  ContainerEntry entry;
  entry.init_exec_id = request.exec_id();
  UndoStack undo;
  undo.push([&sandbox, &id] { sandbox.sockets().remove(id); });  // made before this call
  for (const grpc::Storage& storage : request.storages()) {
    sandbox.storages().add(storage);
    entry.storages.push_back(storage.mount_point());
    undo.push([&sandbox, path = storage.mount_point()] { sandbox.storages().release(path); });
  }
  ContainerOptions options;
  options.cgroup_root = sandbox.options().cgroup_root;
  if (request.has_string_user()) options.string_user = &request.string_user();
  if (request.sandbox_pidns()) options.shared_pidns = sandbox.shared_pid_namespace();
  if (sandbox.hook_path.empty()) {
    entry.container = Container::create(id, request.oci(), options);
  } else {
    grpc::Spec spec = request.oci();
    add_guest_hooks(*spec.mutable_hooks(), sandbox.hook_path);
    entry.container = Container::create(id, spec, options);
  }
  sandbox.add(std::move(entry));
  undo.dismiss();
  log::info("container created id={}", id);
  return {};
}

asio::awaitable<Empty> create_container(Sandbox& sandbox, grpc::CreateContainerRequest request) {
  check_creation(sandbox, request);
  co_await settle_devices_of(sandbox, request);
  // Another call may have come while this one waited.
  check_creation(sandbox, request);
  co_return make_container(sandbox, request);
}

/// The interfaces' counters are the sandbox's: all its containers share one network namespace.
void add_network_stats(grpc::StatsContainerResponse& response) {
  for (const std::string& line : split_text(read_file_if_exists("/proc/net/dev").value_or(""))) {
    const std::size_t colon = line.find(':');
    if (colon == std::string::npos) continue;  // a heading
    std::uint64_t values[16] = {};
    const char* at = line.data() + colon + 1;
    for (std::uint64_t& value : values) {
      while (at < line.data() + line.size() && *at == ' ') ++at;
      at = std::from_chars(at, line.data() + line.size(), value).ptr;
    }
    std::string_view name = std::string_view(line).substr(0, colon);
    name.remove_prefix(std::min(name.find_first_not_of(' '), name.size()));
    if (name == "lo") continue;
    grpc::NetworkStats& stats = *response.add_network_stats();
    stats.set_name(std::string(name));
    stats.set_rx_bytes(values[0]);
    stats.set_rx_packets(values[1]);
    stats.set_rx_errors(values[2]);
    stats.set_rx_dropped(values[3]);
    stats.set_tx_bytes(values[8]);
    stats.set_tx_packets(values[9]);
    stats.set_tx_errors(values[10]);
    stats.set_tx_dropped(values[11]);
  }
}

grpc::StatsContainerResponse stats(Sandbox& sandbox, const grpc::StatsContainerRequest& request) {
  grpc::StatsContainerResponse response;
  *response.mutable_cgroup_stats() = sandbox.container(request.container_id()).container->stats();
  add_network_stats(response);
  return response;
}

asio::awaitable<Empty> remove_container(Sandbox& sandbox, grpc::RemoveContainerRequest request) {
  co_await sandbox.remove(request.container_id(), request.timeout());
  co_return Empty{};
}

asio::awaitable<grpc::OOMEvent> next_oom_event(Sandbox& sandbox) {
  grpc::OOMEvent event;
  std::string id = co_await sandbox.next_oom_event();
  event.set_container_id(std::move(id));
  co_return event;
}

}  // namespace

void add_container_rpc(wire::Server& server, Sandbox& sandbox) {
  server.on<grpc::CreateContainerRequest, Empty>(
      kAgentService, "CreateContainer",
      [&sandbox](auto request) { return create_container(sandbox, std::move(request)); });
  server.on_now<grpc::StartContainerRequest, Empty>(
      kAgentService, "StartContainer", [&sandbox](const auto& request) {
        sandbox.container(request.container_id()).container->start();
        return Empty{};
      });
  server.on<grpc::RemoveContainerRequest, Empty>(
      kAgentService, "RemoveContainer",
      [&sandbox](auto request) { return remove_container(sandbox, std::move(request)); });
  server.on_now<grpc::UpdateContainerRequest, Empty>(
      kAgentService, "UpdateContainer", [&sandbox](const auto& request) {
        sandbox.container(request.container_id()).container->update(request.resources());
        return Empty{};
      });
  server.on_now<grpc::PauseContainerRequest, Empty>(
      kAgentService, "PauseContainer", [&sandbox](const auto& request) {
        sandbox.container(request.container_id()).container->pause();
        return Empty{};
      });
  server.on_now<grpc::ResumeContainerRequest, Empty>(
      kAgentService, "ResumeContainer", [&sandbox](const auto& request) {
        sandbox.container(request.container_id()).container->resume();
        return Empty{};
      });
  server.on_now<grpc::StatsContainerRequest, grpc::StatsContainerResponse>(
      kAgentService, "StatsContainer",
      [&sandbox](const auto& request) { return stats(sandbox, request); });
  server.on<grpc::GetOOMEventRequest, grpc::OOMEvent>(
      kAgentService, "GetOOMEvent", [&sandbox](auto) { return next_oom_event(sandbox); });
}

}  // namespace kata::agent
