// SPDX-License-Identifier: Apache-2.0
//
// What the guest holds at run time: its containers with their processes, its mounted storages, and
// who waits for news of them. The rpc files change it; it knows no message of the wire.
#pragma once

#include <asio/any_io_executor.hpp>
#include <asio/awaitable.hpp>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "runtime/agent/container/container.h"
#include "runtime/agent/dns/dns_proxy.h"
#include "runtime/agent/guest_network/interface_park.h"
#include "runtime/agent/process/event.h"
#include "runtime/agent/process/process.h"
#include "runtime/agent/socket_relay/socket_relay.h"
#include "runtime/agent/storage/storage.h"
#include "runtime/base/command.h"

namespace kata::agent {

struct SandboxOptions {
  bool is_init = false;              ///< PID 1: hostname, power-off and the like are its business
  std::size_t pipe_size = 1U << 20;  ///< of standard streams
  std::function<void()> power_off;   ///< called a moment after DestroySandbox was answered
  std::string cgroup_root = "/sys/fs/cgroup";
  std::string storage_root = "/run";
};

/// A container, its processes by exec id (init under its own), and the storages it uses.
struct ContainerEntry {
  std::unique_ptr<Container> container;
  std::shared_ptr<Process> init;
  std::map<std::string, std::shared_ptr<Process>> execs;
  std::string init_exec_id;
  std::vector<std::string> storages;
  std::uint64_t oom_kills_seen = 0;
  int oom_watch = -1;
};

class Sandbox {
 public:
  static constexpr std::size_t kMaxContainers = 4096;
  static constexpr std::size_t kMaxExecs = 4096;  ///< of one container, ended ones included

  Sandbox(const asio::any_io_executor& executor, SandboxOptions options);

  /// Throws Error(not_found).
  [[nodiscard]] ContainerEntry& container(const std::string& id);
  [[nodiscard]] bool has_container(const std::string& id) const { return containers_.contains(id); }
  /// An empty exec id is init. Throws Error(not_found).
  [[nodiscard]] std::shared_ptr<Process> process(const std::string& container_id,
                                                 const std::string& exec_id);
  /// Takes a created container; its init's streams and exit are looked after from here on.
  void add(ContainerEntry entry);
  /// Takes a started process under a free exec id, or that of one that has ended.
  void add_exec(ContainerEntry& entry, const std::string& exec_id, StartedProcess started);
  /// Throws Error(already_exists) when a running process has this exec id, resource_exhausted
  /// beyond kMaxExecs.
  void check_exec_id(ContainerEntry& entry, const std::string& exec_id);
  /// Kills and removes it, waits for init's end for at most `seconds` (0: a minute), ends parked
  /// calls, releases its storages. Throws Error(deadline_exceeded) when init does not end.
  asio::awaitable<void> remove(std::string id, unsigned seconds);
  [[nodiscard]] std::vector<std::string> container_ids() const;

  /// For PID 1's reaper: true when the pid belongs to a process here, which is then reaped.
  bool reap_known(pid_t pid);

  /// The pid namespace that containers share, made at the first call: a pause process is its PID 1.
  /// Throws Error.
  int shared_pid_namespace();

  /// The id of the next container that ran out of memory. Parked.
  [[nodiscard]] asio::awaitable<std::string> next_oom_event();

  [[nodiscard]] const SandboxOptions& options() const noexcept { return options_; }
  [[nodiscard]] StorageTable& storages() noexcept { return storages_; }
  [[nodiscard]] DnsProxy& dns() noexcept { return *dns_; }
  [[nodiscard]] SocketRelay& sockets() noexcept { return *sockets_; }
  [[nodiscard]] InterfacePark& parked_interfaces() noexcept { return parked_interfaces_; }
  [[nodiscard]] const asio::any_io_executor& executor() const noexcept { return executor_; }
  /// Whether `what` (a link's address, "routes") is set up for the first time since the machine's
  /// start, and nobody but this agent can have touched it: then there is nothing to look for.
  bool is_first_set_up(const std::string& what);
  std::string sandbox_id;  ///< of CreateSandbox; empty before
  std::string hook_path;   ///< folder of the guest's own hooks; empty: none

 private:
  void watch_memory(ContainerEntry& entry);
  void tell_of_host_changes();
  asio::awaitable<void> read_memory_events();
  void look_for_oom_kills();

  asio::any_io_executor executor_;
  SandboxOptions options_;
  std::map<std::string, ContainerEntry> containers_;
  StorageTable storages_;
  std::shared_ptr<DnsProxy> dns_;
  std::shared_ptr<SocketRelay> sockets_;
  InterfacePark parked_interfaces_;
  ChildProcess pause_;
  UniqueFd pause_namespace_;
  std::shared_ptr<asio::posix::stream_descriptor>
      inotify_;  // none until the first container with a memory controller
  std::deque<std::string> oom_events_;
  Event oom_event_;
  std::set<std::string> set_up_;
  /// Set while programs that watch the host's files are looked for; the search holds it weakly.
  std::shared_ptr<bool> looks_for_watchers_ = std::make_shared<bool>(false);
};

/// The agent's argument that makes it the process that holds a shared pid namespace.
inline constexpr char kPauseArgument[] = "--hold-pid-namespace";
/// What that process does: nothing, and reaps the namespace's orphans. Does not return.
[[noreturn]] void pause_main();

}  // namespace kata::agent
