// SPDX-License-Identifier: Apache-2.0
//
// Containers and processes of a running sandbox: what engines ask for.
#include "runtime/sandbox/sandbox.h"

#include <sys/mount.h>

#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <csignal>

#include "runtime/base/error.h"
#include "runtime/base/log.h"
#include "runtime/base/sys_mount.h"
#include "runtime/base/sys_process.h"
#include "runtime/oci/hooks.h"
#include "runtime/oci/state.h"
#include "runtime/sandbox/process_limits.h"
#include "runtime/sandbox/sandbox_network.h"

namespace kata::sandbox {
namespace {

constexpr std::chrono::seconds kDrainLimit{
    10};  // for a reader that has stopped reading, not for a slow one
constexpr std::chrono::seconds kRemoveDeadline{20};
constexpr std::uint32_t kNotStarted = 255;  // the status of a container whose start has failed

/// Before `start`, too, as runc has it: the namespaces are there, and an init that waits in them.
void check_can_exec(const Container& container) {
  if (container.init->status == ProcessStatus::stopped || !container.bundle.spec.has_process())
    throw_error(Code::failed_precondition, "cannot exec in a container that is not running");
}

}  // namespace

Sandbox::Sandbox(asio::io_context& io, SandboxOptions options)
    : io_(io), options_(std::move(options)) {}

Sandbox::~Sandbox() = default;

Container& Sandbox::container(const std::string& id) {
  const auto it = containers_.find(id);
  if (it == containers_.end()) throw_error(Code::not_found, "container \"{}\" does not exist", id);
  return *it->second;
}

std::shared_ptr<Process> Sandbox::process(const std::string& container_id,
                                          const std::string& exec_id) {
  std::shared_ptr<Process> found = container(container_id).find(exec_id);
  if (!found)
    throw_error(Code::not_found, "process \"{}\" of container \"{}\" does not exist", exec_id,
                container_id);
  return found;
}

Container& Sandbox::created_container(const std::string& id) {
  Container& found = container(id);
  if (!found.is_created)
    throw_error(Code::failed_precondition, "container \"{}\" is still being created: try again",
                id);
  return found;
}

pid_t Sandbox::pid_of(const Process& process) const {
  return process.host_pid > 0 ? process.host_pid : hypervisor_pid();
}

std::string Sandbox::guest_name(const std::string& container_id, const Process& process) const {
  return process.exec_id.empty() ? container_id : process.exec_id;
}

void Sandbox::emit(Event event) const {
  if (on_event) on_event(event);
}

std::string Sandbox::state_for_hooks(const Container& container, oci::Status status) const {
  const grpc::Spec& spec = container.bundle.spec;
  return oci::state_json({.id = container.id,
                          .status = status,
                          .pid = static_cast<int>(pid_of(*container.init)),
                          .bundle = container.bundle.path,
                          .annotations = {spec.annotations().begin(), spec.annotations().end()}});
}

void Sandbox::attach_relay(const std::string& container_id, const std::string& exec_id, pid_t pid) {
  const std::shared_ptr<Process> target = process(container_id, exec_id);
  target->host_pid = pid;
  target->relay_pidfd = sys::pidfd_open(pid);
  if (cgroup_ && !exec_id.empty()) {
    ignore_error([&] { cgroup_->add(pid); }, "the exec's relay may have ended already");
  }
  asio::co_spawn(io_, watch_relay(container_id, target), asio::detached);
}

asio::awaitable<pid_t> Sandbox::start(std::string container_id, std::string exec_id) {
  Container& target = created_container(container_id);
  const std::shared_ptr<Process> started = process(container_id, exec_id);
  if (started->status != ProcessStatus::created) {
    throw_error(Code::failed_precondition, "cannot start a {} that is {}",
                exec_id.empty() ? "container" : "process",
                started->status == ProcessStatus::running ? "running" : "stopped");
  }
  if (exec_id.empty() && target.paused)
    throw_error(Code::failed_precondition, "cannot start a container that is paused");
  if (exec_id.empty() && !target.bundle.spec.has_process())
    throw_error(Code::failed_precondition, "process is missing: there is no program to run");
  std::exception_ptr failure;
  try {
    if (exec_id.empty()) {
      co_await start_init(target);
    } else {
      co_await start_exec(target, *started);
    }
  } catch (const Error&) {
    failure = std::current_exception();
  }
  if (failure) {
    // The init that waited in the guest has ended, and nothing can start it again.
    if (exec_id.empty()) mark_exited(container_id, *started, kNotStarted);
    std::rethrow_exception(failure);
  }
  started->status = ProcessStatus::running;
  started->pump = std::make_shared<StdioPump>(
      io_.get_executor(), agent_, ProcessName{container_id, guest_name(container_id, *started)},
      std::move(started->fds), started->terminal);
  started->pump->start();
  asio::co_spawn(io_, watch_process(container_id, started), asio::detached);
  if (exec_id.empty()) {
    oci::run_hooks_leniently(runner_, target.bundle.spec.hooks().poststart(),
                             state_for_hooks(target, oci::Status::running), "poststart");
  }
  const pid_t pid = pid_of(*started);
  emit({.kind = exec_id.empty() ? Event::Kind::start : Event::Kind::exec_started,
        .container_id = container_id,
        .exec_id = exec_id,
        .pid = static_cast<std::uint32_t>(pid)});
  co_return pid;
}

asio::awaitable<void> Sandbox::start_init(Container& container) {
  grpc::StartContainerRequest request;
  request.set_container_id(container.id);
  co_await agent_->call<wire::Empty>("StartContainer", std::move(request));
}

asio::awaitable<void> Sandbox::start_exec(Container& container, Process& process) {
  check_can_exec(container);
  grpc::ExecProcessRequest request;
  request.set_container_id(container.id);
  request.set_exec_id(process.exec_id);
  *request.mutable_process() = *process.spec;
  request.mutable_process()->set_terminal(process.terminal);
  request.mutable_process()->set_null_stdin(!process.terminal && has_null_input(process.fds));
  add_inherited_limits(*request.mutable_process());
  request.mutable_process()->clear_apparmor_profile();
  request.mutable_process()->clear_selinux_label();
  co_await agent_->call<wire::Empty>("ExecProcess", std::move(request));
}

void Sandbox::add_exec(ExecRequest request) {
  Container& target = created_container(request.container_id);
  if (request.exec_id.empty()) throw_error(Code::invalid_argument, "exec id is empty");
  if (target.execs.contains(request.exec_id))
    throw_error(Code::already_exists, "exec id exists: {}", request.exec_id);
  check_can_exec(target);
  auto added = std::make_shared<Process>(io_.get_executor(), request.exec_id);
  added->terminal = request.terminal;
  added->stdin_path = std::move(request.stdin_path);
  added->stdout_path = std::move(request.stdout_path);
  added->stderr_path = std::move(request.stderr_path);
  added->fds = std::move(request.fds);
  added->spec = std::move(request.process);
  target.execs[request.exec_id] = added;
  emit({.kind = Event::Kind::exec_added,
        .container_id = request.container_id,
        .exec_id = request.exec_id});
}

asio::awaitable<void> Sandbox::kill(std::string container_id, std::string exec_id, int signal,
                                    bool all) {
  Container& target = container(container_id);
  const std::shared_ptr<Process> receiver = process(container_id, exec_id);
  if (receiver->status == ProcessStatus::stopped) {
    // `kill --all` of an ended container is how engines make sure; there is nothing left in its
    // cgroup.
    if (all) co_return;
    throw_error(Code::not_found, "process already finished: container not running");
  }
  if (receiver->status == ProcessStatus::created && exec_id.empty() && signal != SIGKILL &&
      signal != SIGTERM) {
    throw_error(Code::failed_precondition,
                "cannot send a signal to container \"{}\" before it was started", container_id);
  }
  if (signal == SIGKILL && receiver->status == ProcessStatus::running)
    asio::co_spawn(io_, watch_kill(container_id, receiver), asio::detached);
  if (target.paused && signal == SIGKILL && receiver->status == ProcessStatus::running)
    co_await resume(container_id);  // a frozen process does not die
  if (receiver->status == ProcessStatus::created) {
    // The init that waits for `start` is not the user's program: end it, and tell so.
    mark_exited(container_id, *receiver, 128 + static_cast<std::uint32_t>(signal));
    if (!exec_id.empty() || !target.bundle.spec.has_process()) co_return;
    signal = SIGKILL;
  }
  if (!agent_) {
    // The machine still starts: `create` fails and undoes what there is once it has ended.
    if (vm_) co_await vm_->stop(std::chrono::milliseconds(0));
    co_return;
  }
  grpc::SignalProcessRequest request;
  request.set_container_id(container_id);
  request.set_exec_id(all ? "" : guest_name(container_id, *receiver));
  request.set_signal(static_cast<std::uint32_t>(signal));
  co_await agent_->call<wire::Empty>("SignalProcess", std::move(request));
}

asio::awaitable<ExitRecord> Sandbox::wait(std::string container_id, std::string exec_id) {
  const std::shared_ptr<Process> awaited = process(container_id, exec_id);
  co_await awaited->exited.wait();
  co_return awaited->exit;
}

asio::awaitable<ExitRecord> Sandbox::remove(std::string container_id, std::string exec_id) {
  const std::shared_ptr<Process> removed = process(container_id, exec_id);
  // Held, since another call may remove it while this one waits.
  const std::shared_ptr<Container> held = containers_.at(container_id);
  Container& target = *held;
  if (removed->status == ProcessStatus::running) {
    throw_error(Code::failed_precondition, "cannot delete {} {} that is not stopped: running",
                exec_id.empty() ? "container" : "process",
                exec_id.empty() ? container_id : exec_id);
  }
  if (removed->pump) {
    co_await removed->pump->drained(kDrainLimit);
    // Calls that an agent leaves unanswered would otherwise stay as long as the machine.
    removed->pump->abandon();
  }
  if (!exec_id.empty()) {
    target.execs.erase(exec_id);
  } else {
    for (const auto& [id, exec] : target.execs) {
      if (exec->pump) exec->pump->abandon();
      if (exec->status != ProcessStatus::stopped) mark_exited(container_id, *exec, 128 + SIGKILL);
    }
    if (removed->status == ProcessStatus::created)
      mark_exited(container_id, *removed, 128 + SIGKILL);
    // The last container's guest side ends with its machine, which is quicker than taking it apart.
    if (!ended_ && containers_.size() > 1 && agent_) {
      try {
        grpc::RemoveContainerRequest request;
        request.set_container_id(container_id);
        request.set_timeout(static_cast<std::uint32_t>(kRemoveDeadline.count()));
        co_await agent_->call<wire::Empty>("RemoveContainer", std::move(request), kRemoveDeadline);
      } catch (const Error& error) {
        log::warn("container left in the guest id={} error=\"{}\"", container_id, error.what());
      }
    }
    if (const auto it = containers_.find(container_id);
        it == containers_.end() || it->second != held) {
      throw_error(Code::not_found, "container \"{}\" was removed meanwhile", container_id);
    }
    if (containers_.size() == 1) {
      co_await shut_down();
    } else {
      co_await unplug_devices(target);
    }
    release_host_side(target);
    oci::run_hooks_leniently(runner_, target.bundle.spec.hooks().poststop(),
                             state_for_hooks(target, oci::Status::stopped), "poststop");
    const ExitRecord exit = removed->exit;
    containers_.erase(container_id);
    emit({.kind = Event::Kind::remove,
          .container_id = container_id,
          .exec_id = "",
          .pid = static_cast<std::uint32_t>(pid_of(*removed)),
          .exit = exit});
    co_return exit;
  }
  emit({.kind = Event::Kind::remove,
        .container_id = container_id,
        .exec_id = exec_id,
        .pid = static_cast<std::uint32_t>(pid_of(*removed)),
        .exit = removed->exit});
  co_return removed->exit;
}

void Sandbox::release_host_side(Container& container) noexcept {
  if (sockets_) sockets_->remove(container.id);
  if (shared_) ignore_error([&] { shared_->remove(container.id); }, "delete removes what is left");
  if (container.mounted_rootfs) {
    ignore_error([&] { sys::unmount(container.bundle.rootfs, MNT_DETACH); },
                 "it may be unmounted already");
    container.mounted_rootfs = false;
  }
}

asio::awaitable<void> Sandbox::pause(std::string container_id) {
  Container& target = created_container(container_id);
  if (target.init->status == ProcessStatus::stopped || target.paused ||
      !target.bundle.spec.has_process()) {
    throw_error(Code::failed_precondition,
                "cannot pause a container that is neither created nor running");
  }
  grpc::PauseContainerRequest request;
  request.set_container_id(container_id);
  co_await agent_->call<wire::Empty>("PauseContainer", std::move(request));
  target.paused = true;
  emit({.kind = Event::Kind::paused, .container_id = container_id, .exec_id = ""});
}

asio::awaitable<void> Sandbox::resume(std::string container_id) {
  Container& target = container(container_id);
  if (!target.paused)
    throw_error(Code::failed_precondition, "cannot resume a container that is not paused");
  grpc::ResumeContainerRequest request;
  request.set_container_id(container_id);
  co_await agent_->call<wire::Empty>("ResumeContainer", std::move(request));
  target.paused = false;
  emit({.kind = Event::Kind::resumed, .container_id = container_id, .exec_id = ""});
}

asio::awaitable<void> Sandbox::resize(std::string container_id, std::string exec_id,
                                      std::uint32_t rows, std::uint32_t columns) {
  const std::shared_ptr<Process> target = process(container_id, exec_id);
  if (!target->terminal || target->status == ProcessStatus::stopped) co_return;
  (void)created_container(container_id);
  grpc::TtyWinResizeRequest request;
  request.set_container_id(container_id);
  request.set_exec_id(guest_name(container_id, *target));
  request.set_row(rows);
  request.set_column(columns);
  co_await agent_->call<wire::Empty>("TtyWinResize", std::move(request));
}

void Sandbox::close_stdin(const std::string& container_id, const std::string& exec_id) {
  const std::shared_ptr<Process> target = process(container_id, exec_id);
  if (target->pump) target->pump->close_stdin();
}

asio::awaitable<grpc::StatsContainerResponse> Sandbox::stats(std::string container_id) {
  if (created_container(container_id).init->status == ProcessStatus::stopped) {
    throw_error(Code::failed_precondition, "container \"{}\" is not running", container_id);
  }
  grpc::StatsContainerRequest request;
  request.set_container_id(container_id);
  return agent_->call<grpc::StatsContainerResponse>("StatsContainer", std::move(request));
}

asio::awaitable<kata::guest::ListProcessesResponse> Sandbox::processes(std::string container_id) {
  if (created_container(container_id).init->status == ProcessStatus::stopped) {
    throw_error(Code::failed_precondition, "container \"{}\" is not running", container_id);
  }
  kata::guest::ListProcessesRequest request;
  request.set_container_id(container_id);
  return agent_->call_guest<kata::guest::ListProcessesResponse>("ListProcesses",
                                                                std::move(request));
}

}  // namespace kata::sandbox
