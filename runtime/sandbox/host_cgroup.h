// SPDX-License-Identifier: Apache-2.0
//
// The sandbox's cgroup on the host: QEMU, virtiofsd, the sandbox process and the relays live in the
// cgroup that the engine named, so that its accounting and its limits see the whole machine. cgroup
// v1, v2 and the hybrid of both.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <optional>
#include <string>
#include <vector>

namespace kata::sandbox {

struct SystemdScope {
  std::string slice;  ///< "system.slice"
  std::string unit;   ///< "docker-ID.scope"
};

/// What linux.cgroupsPath names in systemd's form, "slice:prefix:name"; nothing for a plain path.
[[nodiscard]] std::optional<SystemdScope> systemd_scope(const std::string& cgroups_path);

class HostCgroup {
 public:
  /// `cgroups_path` is linux.cgroupsPath: a path below each hierarchy, or systemd's
  /// "slice:prefix:name". `root` is where the hierarchies are mounted, /proc/self/cgroup tells
  /// which; both are parameters for tests.
  static HostCgroup for_path(const std::string& cgroups_path, const std::string& container_id,
                             const std::string& root = "/sys/fs/cgroup",
                             const std::string& proc = "/proc");

  /// Makes the folders, whole or not at all. Throws Error.
  void create();
  /// Moves a process in. Throws Error.
  void add(pid_t pid) const;
  /// Moves whatever is left to the root of each hierarchy and removes the folders and empty parents
  /// of ours. A killed process that is still giving back its memory can neither be moved nor left
  /// out, so that may take `patience`. Never throws.
  void remove(std::chrono::milliseconds patience) const noexcept;
  /// The folders, one a hierarchy.
  [[nodiscard]] const std::vector<std::string>& folders() const { return folders_; }

  /// "system.slice:docker:ID" -> "/system.slice/docker-ID.scope"; a plain path is cleaned and made
  /// absolute.
  static std::string path_of(const std::string& cgroups_path, const std::string& container_id);

 private:
  /// Whether nothing is left that may go later.
  [[nodiscard]] bool try_remove() const noexcept;

  std::string path_;
  std::vector<std::string> roots_;    // mount point of each hierarchy
  std::vector<std::string> folders_;  // root + path
};

}  // namespace kata::sandbox
