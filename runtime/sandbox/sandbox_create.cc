// SPDX-License-Identifier: Apache-2.0
//
// A container's creation: on the host, and by the agent.
#include <sys/mount.h>

#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <exception>

#include "runtime/base/error.h"
#include "runtime/base/sys_mount.h"
#include "runtime/config/annotations.h"
#include "runtime/config/load.h"
#include "runtime/oci/hooks.h"
#include "runtime/oci/spec.h"
#include "runtime/sandbox/guest_spec.h"
#include "runtime/sandbox/process_limits.h"
#include "runtime/sandbox/sandbox.h"

namespace kata::sandbox {
namespace {

config::Config load_configuration(const SandboxOptions& options, const grpc::Spec& spec) {
  const config::Config config =
      config::load_config(config::sources_from_environment(options.config_flag));
  const config::Annotations annotations(spec.annotations().begin(), spec.annotations().end());
  return config::apply_annotations(config::chosen_configuration(config, annotations), annotations);
}

}  // namespace

void Sandbox::mount_rootfs(const CreateRequest& request, Container& container) {
  for (const grpc::Mount& mount : request.rootfs_mounts) {
    unsigned long flags = 0;
    std::string data;
    for (const std::string& option : mount.options()) {
      if (option == "ro") {
        flags |= MS_RDONLY;
      } else if (option == "rbind") {
        flags |= MS_BIND | MS_REC;
      } else if (option == "bind") {
        flags |= MS_BIND;
      } else if (option != "rw") {
        data += (data.empty() ? "" : ",") + option;
      }
    }
    sys::mount(mount.source(), container.bundle.rootfs, (flags & MS_BIND) != 0 ? "" : mount.type(),
               flags, data);
    container.mounted_rootfs = true;
  }
}

void Sandbox::run_create_hooks(const Container& container) {
  const grpc::Hooks& hooks = container.bundle.spec.hooks();
  if (hooks.prestart().empty() && hooks.create_runtime().empty()) return;
  const std::string state = state_for_hooks(container, oci::Status::creating);
  oci::run_hooks(runner_, hooks.prestart(), state, "prestart");
  oci::run_hooks(runner_, hooks.create_runtime(), state, "createRuntime");
}

asio::awaitable<void> Sandbox::create_in_guest(Container& container, bool terminal) {
  // A configuration need not name a process before `start`; see OCI runtime-spec, config, Process.
  if (!container.bundle.spec.has_process()) co_return;
  const std::string id = container.id;
  grpc::CreateContainerRequest request = co_await request_devices(container);
  std::map<std::string, std::string> namespaces = co_await guest_namespaces(container);
  const GuestView view{
      .rootfs = shared_->add(container.bundle.rootfs, id, "rootfs", Access::read_write),
      .share = [this, id](const std::string& source, const std::string& name,
                          Access access) { return shared_->add(source, id, name, access); },
      .share_memory =
          [&](const std::string& source, std::uint64_t bytes) {
            *request.add_storages() = shared_memory(source, bytes);
            return request.storages().rbegin()->mount_point();
          },
      .share_overlay =
          [this, id](const std::string& options, const std::string& name) {
            return shared_->add_overlay(options, id, name);
          },
      .share_socket =
          [&](const std::string& source) {
            if (!sockets_) sockets_ = std::make_shared<SocketRelay>(io_.get_executor(), agent_);
            return sockets_->add(id, source, container.bundle.spec.process().user());
          },
      .namespaces = std::move(namespaces),
      .guest_seccomp = !config_.runtime.disable_guest_seccomp,
  };
  request.set_container_id(id);
  request.set_exec_id(id);
  *request.mutable_oci() = guest_spec(container.bundle.spec, id, view);
  request.mutable_oci()->mutable_process()->set_terminal(terminal);
  request.mutable_oci()->mutable_process()->set_null_stdin(!terminal &&
                                                           has_null_input(container.init->fds));
  add_inherited_limits(*request.mutable_oci()->mutable_process());
  if (sockets_) co_await sockets_->announce(id);
  co_await agent_->call<wire::Empty>("CreateContainer", std::move(request));
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
  choose_devices(container);
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
      co_await plug_devices(container);
    }
    co_await create_in_guest(container, request.terminal);
    container.is_created = true;
    if (is_first) {
      booted_ = true;
      asio::co_spawn(io_, watch_memory(), asio::detached);
      clock_timer_ = std::make_shared<asio::steady_timer>(io_);
      asio::co_spawn(io_, keep_guest_clock(), asio::detached);
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
    co_await unplug_devices(container);
  }
  // Their way out is that of a container that has ended; see OCI runtime-spec, runtime, Lifecycle.
  oci::run_hooks_leniently(runner_, container.bundle.spec.hooks().poststop(),
                           state_for_hooks(container, oci::Status::stopped), "poststop");
  containers_.erase(request.id);
  std::rethrow_exception(failure);
}

}  // namespace kata::sandbox
