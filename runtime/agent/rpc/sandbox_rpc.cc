// SPDX-License-Identifier: Apache-2.0
#include <sys/mount.h>
#include <unistd.h>

#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/steady_timer.hpp>
#include <asio/use_awaitable.hpp>
#include <cerrno>
#include <chrono>

#include "agent.pb.h"
#include "runtime/agent/container/guest_hooks.h"
#include "runtime/agent/machine/kernel_modules.h"
#include "runtime/agent/rpc/services.h"
#include "runtime/base/io.h"
#include "runtime/base/log.h"
#include "runtime/base/scope_exit.h"
#include "runtime/base/sys_mount.h"

namespace kata::agent {
namespace {

using wire::Empty;

constexpr int kMaxDnsLines = 64;
constexpr std::size_t kMaxDnsLine = 1024;

/// The guest's own programs (hooks, probes) resolve names as the containers do.
void write_resolv_conf(const google::protobuf::RepeatedPtrField<std::string>& lines) {
  if (lines.empty()) return;
  if (lines.size() > kMaxDnsLines)
    throw_error(Code::invalid_argument, "{} lines of DNS configuration", lines.size());
  std::string text;
  for (const std::string& line : lines) {
    if (line.size() > kMaxDnsLine || line.find('\n') != std::string::npos) {
      throw_error(Code::invalid_argument,
                  "a line of the DNS configuration has {} bytes or a line break", line.size());
    }
    text += line + "\n";
  }
  make_directories("/run/kata-containers");
  write_file_atomic("/run/kata-containers/resolv.conf", text);
  try {
    make_directories("/etc");
    write_file("/etc/resolv.conf", text);
  } catch (const Error& error) {
    if (error.err() != EROFS) throw;
    if (!path_exists("/etc/resolv.conf")) {
      log::warn("no /etc/resolv.conf in a read-only image: its own programs resolve no names");
      return;
    }
    sys::mount("/run/kata-containers/resolv.conf", "/etc/resolv.conf", "", MS_BIND);
  }
}

void load_kernel_modules(const grpc::CreateSandboxRequest& request) {
  constexpr int kMaxModules = 256;
  if (request.kernel_modules_size() > kMaxModules)
    throw_error(Code::resource_exhausted, "more than {} kernel modules", kMaxModules);
  RealCommandRunner runner;
  for (const grpc::KernelModule& module : request.kernel_modules())
    load_kernel_module(module.name(), {module.parameters().begin(), module.parameters().end()},
                       runner);
}

Empty create_sandbox(Sandbox& sandbox, const grpc::CreateSandboxRequest& request) {
  if (!sandbox.sandbox_id.empty())
    throw_error(Code::already_exists, "sandbox {} exists", sandbox.sandbox_id);
  load_kernel_modules(request);
  if (request.hostname().size() > 64)
    throw_error(Code::invalid_argument, "hostname of over 64 bytes");
  if (sandbox.options().is_init) {
    if (!request.hostname().empty() &&
        ::sethostname(request.hostname().data(), request.hostname().size()) != 0) {
      throw_errno(errno, "set the hostname to {}", request.hostname());
    }
    write_resolv_conf(request.dns());
  }
  UndoStack undo;
  for (const grpc::Storage& storage : request.storages()) {
    sandbox.storages().add(storage);
    undo.push([&sandbox, path = storage.mount_point()] { sandbox.storages().release(path); });
  }
  if (request.sandbox_pidns()) sandbox.shared_pid_namespace();
  undo.dismiss();
  sandbox.hook_path = guest_hook_folder(request.guest_hook_path());
  sandbox.sandbox_id = request.sandbox_id().empty() ? "sandbox" : request.sandbox_id();
  log::info("sandbox created id={}", sandbox.sandbox_id);
  return {};
}

asio::awaitable<void> power_off_soon(Sandbox& sandbox) {
  // The answer is in the queue of the connection; it leaves as soon as the loop runs.
  asio::steady_timer timer(sandbox.executor(), std::chrono::milliseconds(5));
  co_await timer.async_wait(asio::use_awaitable);
  if (sandbox.options().power_off) sandbox.options().power_off();
}

asio::awaitable<Empty> destroy_sandbox(Sandbox& sandbox) {
  constexpr unsigned kSeconds = 5;
  for (const std::string& container_id : sandbox.container_ids()) {
    try {
      co_await sandbox.remove(container_id, kSeconds);
    } catch (const Error& error) {
      log::warn("container not removed id={} error=\"{}\"", container_id, error.what());
    }
  }
  sandbox.storages().clear();
  sandbox.sandbox_id.clear();
  asio::co_spawn(sandbox.executor(), power_off_soon(sandbox), asio::detached);
  co_return Empty{};
}

}  // namespace

void add_sandbox_rpc(wire::Server& server, Sandbox& sandbox) {
  server.on_now<grpc::CreateSandboxRequest, Empty>(
      kAgentService, "CreateSandbox",
      [&sandbox](const auto& request) { return create_sandbox(sandbox, request); });
  server.on<grpc::DestroySandboxRequest, Empty>(
      kAgentService, "DestroySandbox", [&sandbox](auto) { return destroy_sandbox(sandbox); });
  server.on_now<grpc::SetPolicyRequest, Empty>(
      kAgentService, "SetPolicy", [](const auto&) -> Empty {
        throw_error(Code::unimplemented, "this agent has no policy engine");
      });
}

}  // namespace kata::agent
