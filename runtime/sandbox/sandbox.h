// SPDX-License-Identifier: Apache-2.0
//
// The sandbox process's core: one virtual machine, its shared folder, network and cgroup, and the
// containers in it. Both doors (containerd's task service, the OCI command line) come here. One
// io_context, one thread.
#pragma once

#include <asio/awaitable.hpp>
#include <asio/io_context.hpp>
#include <asio/steady_timer.hpp>
#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "agent.pb.h"
#include "guest.pb.h"
#include "runtime/base/command.h"
#include "runtime/config/config.h"
#include "runtime/hypervisor/qemu_vm.h"
#include "runtime/hypervisor/vm.h"
#include "runtime/oci/state.h"
#include "runtime/sandbox/agent_client.h"
#include "runtime/sandbox/container.h"
#include "runtime/sandbox/host_cgroup.h"
#include "runtime/sandbox/machine_size.h"
#include "runtime/sandbox/shared_folder.h"
#include "runtime/sandbox/socket_relay.h"
#include "runtime/sandbox/systemd_scope.h"

namespace kata::sandbox {

/// Makes a machine that is not started yet. The seam at which tests put an agent of their own.
using MachineMaker = std::function<std::unique_ptr<hypervisor::Vm>(
    asio::io_context&, hypervisor::VmConfig, hypervisor::QemuVmHooks)>;

struct SandboxOptions {
  std::string id;
  std::string folder;       ///< the sandbox's own; the shared folder is made below it
  std::string config_flag;  ///< --config FILE; empty: the usual places
  MachineMaker make_machine = hypervisor::make_qemu_vm;
  Deadlines deadlines{};
  /// How long the guest may take to end what was killed. Docker waits ten seconds.
  std::chrono::milliseconds kill_grace{8000};
};

/// What a new container needs beside its bundle.
struct CreateRequest {
  std::string id;
  std::string bundle;
  std::vector<grpc::Mount>
      rootfs_mounts;  ///< destination is not set: stacked on BUNDLE/rootfs; the CLI gives none
  bool terminal = false;
  std::string stdin_path;
  std::string stdout_path;
  std::string stderr_path;
  StdioFds fds;
  pid_t relay_pid = 0;
};

struct ExecRequest {
  std::string container_id;
  std::string exec_id;
  grpc::Process process;
  bool terminal = false;
  std::string stdin_path;
  std::string stdout_path;
  std::string stderr_path;
  StdioFds fds;
};

/// Something that engines are told about.
struct Event {
  enum class Kind { create, start, exit, remove, exec_added, exec_started, oom, paused, resumed };
  Kind kind;
  std::string container_id;
  std::string exec_id;
  std::uint32_t pid = 0;
  ExitRecord exit{};
};

class Sandbox {
 public:
  Sandbox(asio::io_context& io, SandboxOptions options);
  Sandbox(const Sandbox&) = delete;
  Sandbox& operator=(const Sandbox&) = delete;
  ~Sandbox();

  /// Called for every event, in order. May be empty.
  std::function<void(const Event&)> on_event;

  /// Creates a container; the first one boots the machine. Undoes everything when it throws Error.
  asio::awaitable<void> create(CreateRequest request);
  /// Lets init, or an exec added before, run; returns its host pid. Throws Error with the guest's
  /// words.
  asio::awaitable<pid_t> start(std::string container_id, std::string exec_id);
  void add_exec(ExecRequest request);
  /// Names the host process that stands for a process; when it is killed, so is the process in the
  /// guest.
  void attach_relay(const std::string& container_id, const std::string& exec_id, pid_t pid);
  /// A process that the guest does not end on SIGKILL counts as ended after a while.
  asio::awaitable<void> kill(std::string container_id, std::string exec_id, int signal, bool all);
  /// Parked until the process has ended.
  asio::awaitable<ExitRecord> wait(std::string container_id, std::string exec_id);
  /// Forgets an ended exec, or removes an ended (or never started) container from guest and host.
  asio::awaitable<ExitRecord> remove(std::string container_id, std::string exec_id);
  asio::awaitable<void> pause(std::string container_id);
  asio::awaitable<void> resume(std::string container_id);
  /// Grows the machine when it is too small for the new limits, then sets them in the guest. Throws
  /// Error(failed_precondition) when the machine cannot grow so far; then nothing has changed.
  asio::awaitable<void> update(std::string container_id, grpc::LinuxResources resources);
  asio::awaitable<void> resize(std::string container_id, std::string exec_id, std::uint32_t rows,
                               std::uint32_t columns);
  void close_stdin(const std::string& container_id, const std::string& exec_id);
  asio::awaitable<grpc::StatsContainerResponse> stats(std::string container_id);
  asio::awaitable<kata::guest::ListProcessesResponse> processes(std::string container_id);
  /// Ends the machine and everything of it. Nothing is left on the host afterwards but the
  /// sandbox's own folder.
  asio::awaitable<void> shut_down();

  /// Throws Error(not_found) worded as runc does ("container ... does not exist").
  [[nodiscard]] Container& container(const std::string& id);
  [[nodiscard]] std::shared_ptr<Process> process(const std::string& container_id,
                                                 const std::string& exec_id);
  [[nodiscard]] bool empty() const { return containers_.empty(); }
  [[nodiscard]] pid_t hypervisor_pid() const { return vm_ ? vm_->pid() : 0; }
  [[nodiscard]] std::vector<pid_t> helper_pids() const {
    return vm_ ? vm_->helper_pids() : std::vector<pid_t>{};
  }
  [[nodiscard]] const std::string& description() const { return description_; }
  /// The pid that engines see for a process.
  [[nodiscard]] pid_t pid_of(const Process& process) const;

 private:
  /// One that the guest has. Throws Error(failed_precondition) as long as it is being created.
  [[nodiscard]] Container& created_container(const std::string& id);
  asio::awaitable<void> boot(const Container& first);
  asio::awaitable<void> start_machine(const Container& first);
  [[nodiscard]] bool may_start_early(const Container& first) const;
  asio::awaitable<void> set_up_guest(const Container& first);
  asio::awaitable<void> set_up_guest_network();
  asio::awaitable<UniqueFd> connect_agent();
  asio::awaitable<void> wait_for_end_reason();
  [[noreturn]] void throw_guest_silent(const std::string& failure, bool was_closed) const;
  asio::awaitable<void> grow_machine(grpc::LinuxResources resources);
  void choose_devices(Container& container);
  asio::awaitable<void> plug_devices(const Container& container);
  asio::awaitable<void> unplug_devices(const Container& container);
  asio::awaitable<grpc::CreateContainerRequest> request_devices(const Container& container);
  asio::awaitable<void> create_in_guest(Container& container, bool terminal);
  asio::awaitable<std::map<std::string, std::string>> guest_namespaces(const Container& container);
  [[nodiscard]] const Container* owner_of_namespace(const std::string& path, std::string_view file,
                                                    const Container& asking) const;
  grpc::Storage shared_memory(const std::string& source, std::uint64_t bytes);
  asio::awaitable<void> start_init(Container& container);
  asio::awaitable<void> start_exec(Container& container, Process& process);
  asio::awaitable<void> watch_process(std::string container_id, std::shared_ptr<Process> process);
  asio::awaitable<void> watch_relay(std::string container_id, std::shared_ptr<Process> process);
  asio::awaitable<void> watch_kill(std::string container_id, std::shared_ptr<Process> process);
  asio::awaitable<void> end_idle_machine(std::string container_id);
  asio::awaitable<void> watch_machine();
  asio::awaitable<void> watch_memory();
  asio::awaitable<void> set_guest_clock();
  asio::awaitable<void> keep_guest_clock();
  void machine_ended(const std::string& why);
  void mark_exited(const std::string& container_id, Process& process, std::uint32_t status);
  std::string start_systemd_scope(const Container& first);
  void join_cgroup(const Container& first);
  void limit_machine(const grpc::LinuxResources& resources);
  void open_network(const Container& first);
  void connect_network();
  void follow_network();
  void relay_names();
  void run_create_hooks(const Container& container);
  void emit(Event event) const;
  void mount_rootfs(const CreateRequest& request, Container& container);
  void release_host_side(Container& container) noexcept;
  [[nodiscard]] std::string state_for_hooks(const Container& container, oci::Status status) const;
  [[nodiscard]] std::string guest_name(const std::string& container_id,
                                       const Process& process) const;

  struct Network;  // endpoints and routes, kept out of this header

  asio::io_context& io_;
  SandboxOptions options_;
  RealCommandRunner runner_;
  config::Config config_;
  std::map<std::string, std::shared_ptr<Container>> containers_;
  std::unique_ptr<SharedFolder> shared_;
  std::map<std::string, std::size_t> shared_memory_;  ///< the host's tmpfs: number of the guest's
  std::optional<HostCgroup> cgroup_;
  std::optional<std::pair<std::string, SystemdScope>> scope_;  ///< its bus; none: not systemd's
  std::unique_ptr<Network> network_;
  std::unique_ptr<hypervisor::Vm> vm_;
  std::shared_ptr<AgentClient> agent_;
  std::shared_ptr<asio::steady_timer> clock_timer_;  ///< until the guest is told the time again
  std::shared_ptr<SocketRelay> sockets_;  ///< of volumes that are sockets; none: there is none
  std::uint32_t host_mib_ = 0;            ///< the host's memory: no machine is larger
  MachineSize base_size_;                 ///< by the configuration
  MachineSize size_;                      ///< what the machine has become
  std::string description_;
  std::size_t next_device_ = 0;
  bool booted_ = false;
  bool ended_ = false;
};

}  // namespace kata::sandbox
