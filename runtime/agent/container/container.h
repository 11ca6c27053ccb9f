// SPDX-License-Identifier: Apache-2.0
//
// One container of the guest: its root file system, namespaces, cgroup, its init and its further
// processes. The caller (the agent's rpc folder) reaps children and carries stdio; this class
// starts and controls them.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "runtime/base/fd.h"

// The messages are "oci.pb.h" and "agent.pb.h"; declared here only, since those headers are slow to
// compile.
namespace grpc {
class CgroupStats;
class LinuxResources;
class Process;
class Spec;
class StringUser;
}  // namespace grpc

namespace kata::agent {

/// The agent's ends of a process's standard streams; all blocking, close-on-exec.
struct StdioEnds {
  UniqueFd in;   ///< write end; closing it is end of file for the process
  UniqueFd out;  ///< read end
  UniqueFd err;  ///< read end
  UniqueFd
      console;  ///< the pty's master when Process.terminal is set; then the three above are empty
};

/// A process that is a direct child of the agent: the agent's reaper gets its exit status by
/// waitpid(2) or the pidfd.
struct StartedProcess {
  pid_t pid = -1;  ///< in the agent's pid namespace
  UniqueFd pidfd;  ///< readable when the process has ended
  StdioEnds stdio;
};

/// What the sandbox decides for its containers. Everything borrowed lives at least as long as the
/// create() call.
struct ContainerOptions {
  std::string cgroup_root = "/sys/fs/cgroup";  ///< where the cgroup2 file system is mounted
  std::string cgroup_parent = "kata";          ///< used when the spec has no usable cgroups_path
  int shared_pidns = -1;  ///< descriptor of the sandbox's pid namespace; -1: the spec's own decides
  const grpc::StringUser* string_user =
      nullptr;         ///< names to look up in the container's /etc/passwd; overrides
  std::string bundle;  ///< for the hooks' state; empty: the folder above root.path
  std::string executable =
      "/proc/self/exe";  ///< what runs container_init_main(); tests may give another
};

class Launch;
class ContainerCgroup;

class Container {
 public:
  /// Does all but the last execve(2): cgroup, namespaces, mounts, createRuntime and createContainer
  /// hooks; returns with init waiting. Blocks while it works. Throws Error and leaves nothing
  /// behind: invalid_argument for a bad spec; not_found / permission_denied for the program itself,
  /// worded as runc does so that engines find their exit codes 127 and 126: exec: "foo": executable
  /// file not found in $PATH.
  [[nodiscard]] static std::unique_ptr<Container> create(const std::string& id,
                                                         const grpc::Spec& spec,
                                                         const ContainerOptions& options);
  Container(const Container&) = delete;
  Container& operator=(const Container&) = delete;
  /// remove(), with errors logged.
  ~Container();

  [[nodiscard]] const std::string& id() const noexcept { return id_; }
  /// The spec that create() got.
  [[nodiscard]] const grpc::Spec& spec() const noexcept { return *spec_; }
  [[nodiscard]] StartedProcess& init() noexcept { return init_; }
  [[nodiscard]] const StartedProcess& init() const noexcept { return init_; }

  /// Lets init call execve(2) and waits until it has succeeded; runs poststart hooks. Throws Error
  /// with execve's failure (texts as for create), failed_precondition when it was started before.
  void start();
  /// Starts one more process in the namespaces and the cgroup of init; it has called execve(2) when
  /// this returns. Throws Error (texts as for create), failed_precondition when init is gone or was
  /// never started.
  [[nodiscard]] StartedProcess exec(const grpc::Process& process,
                                    const grpc::StringUser* string_user = nullptr);

  /// Sends a signal to every process of the container's cgroup; SIGKILL by cgroup.kill. Never
  /// throws for one that ended.
  void signal_all(int signal);
  /// Freezes the cgroup and returns when the kernel says that it is frozen. Throws Error.
  void pause();
  void resume();
  /// Applies the limits that are set and leaves the others as they are. Throws Error.
  void update(const grpc::LinuxResources& resources);
  /// Figures of controllers that are not there stay 0.
  [[nodiscard]] grpc::CgroupStats stats() const;
  /// Processes in the container's cgroup, as the agent's pid namespace numbers them.
  [[nodiscard]] std::vector<pid_t> pids() const;

  /// The cgroup's memory.events, to be watched with inotify(7) (IN_MODIFY); it exists only with the
  /// memory controller.
  [[nodiscard]] std::string memory_events_path() const;
  /// "oom_kill" of memory.events; 0 without the memory controller.
  [[nodiscard]] std::uint64_t oom_kill_count() const;

  /// Kills what is left (the zombies stay for the caller's reaper, except init when create() or
  /// start() never got it running), runs poststop hooks, removes the cgroup. Idempotent. Mounts end
  /// with the mount namespace.
  void remove();

 private:
  Container();

  std::string id_;
  std::unique_ptr<grpc::Spec> spec_;
  ContainerOptions options_;
  std::unique_ptr<ContainerCgroup> cgroup_;
  std::unique_ptr<Launch> launch_;  // init's side channel, until start()
  StartedProcess init_;
  bool started_ = false;
  bool removed_ = false;
};

}  // namespace kata::agent
