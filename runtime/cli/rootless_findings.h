// SPDX-License-Identifier: Apache-2.0
//
// What containers without root need of this host, for `check`: what is there, what is missing, and
// what to do about it.
#pragma once

#include <string>
#include <vector>

#include "runtime/hypervisor/qemu_probe.h"

namespace kata::cli {

struct RootlessUser {
  bool is_root = false;          ///< root asks for its users: then nothing of it is a failure
  std::string name{};            ///< login name or number, as in /etc/subuid; empty: unknown
  std::string number{};          ///< the user id in digits
  std::string runtime_folder{};  ///< XDG_RUNTIME_DIR; empty: not set
};

/// The user who runs this program, by its environment; within a user namespace too.
[[nodiscard]] RootlessUser current_user();

/// One finding each for user namespaces, subordinate ids, the tun device, the network's helper,
/// KVM, the runtime folder and cgroups. `root` stands before /proc, /dev and /etc; programs are
/// looked up by `has_program`.
[[nodiscard]] std::vector<hypervisor::Finding> rootless_findings(
    const RootlessUser& user, const hypervisor::HostProbe& probe, const std::string& root = "",
    bool (*has_program)(const std::string& name) = nullptr);

}  // namespace kata::cli
