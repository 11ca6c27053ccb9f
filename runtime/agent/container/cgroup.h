// SPDX-License-Identifier: Apache-2.0
//
// One container's folder in the cgroup v2 tree, see the kernel's
// Documentation/admin-guide/cgroup-v2.rst: making it, moving processes in, freezing, killing,
// removing. Limits and figures are in files of their own.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "runtime/base/fd.h"

namespace grpc {
class LinuxResources;
}

namespace kata::agent {

class ContainerCgroup {
 public:
  /// Makes `root`/`relative` with its parents, and gives it every controller that the root offers.
  /// Throws Error (already_exists when processes are in it).
  [[nodiscard]] static std::unique_ptr<ContainerCgroup> create(const std::string& root,
                                                               const std::string& relative);
  ContainerCgroup(const ContainerCgroup&) = delete;
  ContainerCgroup& operator=(const ContainerCgroup&) = delete;
  /// remove(), with errors logged.
  ~ContainerCgroup();

  [[nodiscard]] const std::string& path() const noexcept { return path_; }
  /// Moves a process in; when the container has made cgroups of its own, into that of `init`.
  /// Throws Error.
  void add_process(pid_t pid, pid_t init = -1) const;
  /// Every process here and below.
  [[nodiscard]] std::vector<pid_t> pids() const;
  /// Writes the limits that are set, and the device rules when there are any or `first` is set.
  /// Throws Error.
  void apply(const grpc::LinuxResources& resources, bool first);
  /// Freezes or thaws, and waits until the kernel says so. Throws Error(deadline_exceeded) after
  /// ten seconds.
  void set_frozen(bool frozen) const;
  [[nodiscard]] bool is_frozen() const;
  /// Sends to each process here and below; SIGKILL goes by cgroup.kill, which misses nobody.
  void signal_all(int signal) const;
  /// Kills what is left and removes the folder and those below. Idempotent. Throws Error.
  void remove();
  /// "oom_kill" of memory.events.
  [[nodiscard]] std::uint64_t oom_kill_count() const;

 private:
  ContainerCgroup(std::string root, std::string path)
      : root_(std::move(root)), path_(std::move(path)) {}

  std::string root_;
  std::string path_;
  UniqueFd device_program_;
  bool removed_ = false;
};

/// Where a container's cgroup goes, relative to the root: the spec's path when it is an absolute
/// one, else `parent`/`id`; systemd's "slice:prefix:name" becomes "slice/prefix-name.scope".
[[nodiscard]] std::string cgroup_location(const std::string& cgroups_path,
                                          const std::string& parent, const std::string& id);

}  // namespace kata::agent
