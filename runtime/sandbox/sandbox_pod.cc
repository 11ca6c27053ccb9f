// SPDX-License-Identifier: Apache-2.0
//
// What containers of one sandbox share in the guest beside its network: namespaces and memory.
#include <array>

#include "runtime/base/error.h"
#include "runtime/base/namespace_type.h"
#include "runtime/oci/spec.h"
#include "runtime/sandbox/sandbox.h"

namespace kata::sandbox {
namespace {

/// Types in config.json that containers of a pod may share. Their files in /proc/PID/ns are named
/// as they are.
constexpr std::array<std::string_view, 3> kSharedTypes = {"ipc", "pid", "uts"};

/// Below the folder that the agent allows storages in.
constexpr std::string_view kGuestMemory = "/run/kata-containers/sandbox/shm";

bool is_own_namespace(const std::string& path, std::string_view type) {
  const auto wanted = namespace_identity(path);
  return wanted && wanted == namespace_identity(fmt::format("/proc/self/ns/{}", type));
}

}  // namespace

/// A relay's namespaces stand for those of its container in the guest, so the one that is named by
/// path, whatever the path, tells whose it is.
const Container* Sandbox::owner_of_namespace(const std::string& path, std::string_view file,
                                             const Container& asking) const {
  const auto wanted = namespace_identity(path);
  if (!wanted) return nullptr;
  for (const auto& [id, container] : containers_) {
    const Process& init = *container->init;
    if (container.get() == &asking) continue;  // its relay has joined the namespace already
    if (init.host_pid <= 0 || init.status == ProcessStatus::stopped) continue;
    if (namespace_identity(fmt::format("/proc/{}/ns/{}", init.host_pid, file)) == wanted)
      return container.get();
  }
  return nullptr;
}

asio::awaitable<std::map<std::string, std::string>> Sandbox::guest_namespaces(
    const Container& container) {
  std::map<std::string, std::string> paths;
  for (const std::string_view type : kSharedTypes) {
    const grpc::LinuxNamespace* space = oci::find_namespace(container.bundle.spec, type);
    if (space == nullptr || space->path().empty()) continue;
    // That of a pod's process on the host means the sandbox's own.
    if (is_own_namespace(space->path(), type)) continue;
    const Container* owner = owner_of_namespace(space->path(), type, container);
    if (owner == nullptr) {
      throw_error(
          Code::unimplemented,
          "linux.namespaces: the {} namespace {} is that of no container in virtual machine "
          "{}; a container can join those of one machine only",
          type, space->path(), options_.id);
    }
    kata::guest::ListProcessesRequest request;
    request.set_container_id(owner->id);
    const auto response = co_await agent_->call_guest<kata::guest::ListProcessesResponse>(
        "ListProcesses", std::move(request));
    // An upstream agent does not say; it shares ipc and uts within a pod by itself.
    if (response.init_pid() <= 0) continue;
    paths[std::string(type)] = fmt::format("/proc/{}/ns/{}", response.init_pid(), type);
  }
  co_return paths;
}

grpc::Storage Sandbox::shared_memory(const std::string& source, std::uint64_t bytes) {
  const std::size_t number =
      shared_memory_.try_emplace(source, shared_memory_.size()).first->second;
  grpc::Storage storage;
  storage.set_driver("ephemeral");
  storage.set_source("shm");
  storage.set_fstype("tmpfs");
  storage.set_mount_point(fmt::format("{}/{}", kGuestMemory, number));
  for (const char* option : {"nosuid", "noexec", "nodev", "mode=1777"}) storage.add_options(option);
  storage.add_options(fmt::format("size={}", bytes));
  return storage;
}

}  // namespace kata::sandbox
