// SPDX-License-Identifier: Apache-2.0
//
// A busybox root file system, specs for it, and running them on the machine's own kernel.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "agent.pb.h"
#include "runtime/agent/container/container.h"
#include "runtime/base/io.h"

namespace kata::test {

struct Outcome {
  int status = -1;
  std::string out;
  std::string err;
};

class Machine {
 public:
  /// Needs root and a static busybox, else the case is skipped.
  Machine();
  Machine(const Machine&) = delete;
  Machine& operator=(const Machine&) = delete;
  /// Removes the cgroup that its containers were in.
  ~Machine();
  [[nodiscard]] const std::string& rootfs() const noexcept { return rootfs_; }
  /// All namespaces but user and time; proc, /dev with pts and shm, sysfs; `script` for the shell.
  [[nodiscard]] grpc::Spec spec(const std::string& script) const;
  [[nodiscard]] std::unique_ptr<agent::Container> create(const grpc::Spec& spec) const;
  /// Creates, starts, reads to the end, waits, removes.
  [[nodiscard]] Outcome run(const grpc::Spec& spec) const;
  [[nodiscard]] static Outcome finish(agent::StartedProcess& process);
  [[nodiscard]] static std::string cgroup_root();
  /// That of this process's containers, below cgroup_root().
  [[nodiscard]] static std::string cgroup_parent();
  [[nodiscard]] static bool has_controller(const std::string& name);

 private:
  TempDir folder_;
  std::string rootfs_;
};

}  // namespace kata::test
